/**
 * What the control plane is made of, and how a new config reaches each part. Listener, database and flag provider
 * stay until a restart; slices, upstreams, tables and rules may change while it runs.
 */
import { type FicusConfig, RunningConfig, type SlotHealth } from '@ficus/core';
import type { Logger } from 'pino';
import type { AdminParts } from './api/admin-endpoints.ts';
import { BuiltinFlagStore } from './flags/builtin-flag-store.ts';
import type { FlagStore } from './flags/flag-store.ts';
import { auditForeignIn } from './flags/foreign-audit.ts';
import { openForeignFlags } from './flags/open-foreign-flags.ts';
import { EventStreams } from './http/event-streams.ts';
import { ProgressHub } from './link/progress-hub.ts';
import { StateHub } from './link/state-hub.ts';
import { makeCatchUp } from './parity/catch-up.ts';
import { EvidenceKeeper } from './parity/evidence-keeper.ts';
import { ParityService } from './parity/parity-service.ts';
import { type BatchSpans, openBatchSpans } from './replications/batch-spans.ts';
import { PositionSource } from './replications/position-source.ts';
import { type OpenReplication, ReplicationSet } from './replications/replication-set.ts';
import { boundSlot, describeGivenUp, type SourceEngine, SourceWatch } from './replications/source-watch.ts';
import { type RunVerify, VerifyRuns } from './replications/verify-runs.ts';
import { EvidenceStore } from './store/evidence-store.ts';
import type { Store } from './store/open-store.ts';
import { SliceStates } from './store/slice-states.ts';
import { type NewStream, StreamRecords } from './store/stream-records.ts';
import { CandidateWatch } from './traffic/candidate-watch.ts';
import { LegacyWatch } from './traffic/legacy-watch.ts';
import { ListedProxies } from './traffic/listed-proxies.ts';
import { TrafficWindow } from './traffic/traffic-window.ts';
import { withVersion } from './views/last-verify.ts';

export interface ControlParts extends AdminParts {
  readonly needsRestart: Set<string>;
  /** The built-in flags, which Unleash's client API serves; `undefined` for another provider. */
  readonly builtin: BuiltinFlagStore | undefined;
  readonly streams: EventStreams;
  readonly progress: ProgressHub;
  readonly positions: PositionSource;
  readonly stateHub: StateHub;
  /** Undefined unless tracing is configured. */
  readonly batchSpans: BatchSpans | undefined;
  /** Applies a valid config completely or not at all. */
  reconfigure(config: FicusConfig): Promise<void>;
  stop(): Promise<void>;
}

interface Engines {
  readonly openReplication: OpenReplication;
  readonly runVerify: RunVerify;
  readonly source: SourceEngine;
}

export async function makeParts(
  first: FicusConfig,
  engines: Engines,
  store: Store,
  logger: Logger,
): Promise<ControlParts> {
  let config = first;
  const states = await SliceStates.load(store, Object.keys(config.slices));
  const { flags, builtin, follow } = await openFlags(config, store, logger);
  const records = await StreamRecords.load(store);
  const sourceWatch = new SourceWatch({ records, config: () => config, engine: engines.source, logger });
  const slotFacts = {
    record: (stream: NewStream) => records.record(stream),
    slotOf: (slice: string, own: SlotHealth | undefined) =>
      sourceWatch.slotOf(slice) ?? (own && boundSlot(own, config.legacy.maxRetainedWal)),
    givenUp: (slice: string) => {
      const given = records.all().find((record) => record.slice === slice && record.givenUpBytes !== null);
      return given && describeGivenUp(given.slot, given.givenUpBytes ?? 0);
    },
  };
  const epochOf = (slice: string) => states.of(slice).epoch;
  const batchSpans = await openBatchSpans(process.env);
  const openReplication: OpenReplication = (options) =>
    engines.openReplication({ ...options, onBatch: batchSpans?.observer(options.slice) });
  const replications = new ReplicationSet(openReplication, epochOf, slotFacts, logger);
  await replications.reconfigure(config, false);
  const evidence = new EvidenceStore(store);
  await evidence.read(Object.keys(config.slices));
  const verifyRuns = new VerifyRuns(engines.runVerify, (slice, run) => {
    evidence.keepVerify(slice, withVersion(run));
    void evidenceKeeper.save();
  });
  const positions = new PositionSource(replications);
  const candidates = new CandidateWatch();
  const parity = new ParityService({
    config,
    candidates,
    catchUp: makeCatchUp(replications, positions),
    stateOf: (slice) => states.of(slice),
    stored: (slice) => evidence.evidence(slice),
    logger,
  });
  // Nothing fails from here on: parts that run on a timer start last.
  const evidenceKeeper = new EvidenceKeeper(evidence, parity, logger);
  evidenceKeeper.start();
  const progress = new ProgressHub(replications);
  const stateHub = new StateHub(states, replications);
  store.onReconnect(async () => {
    await Promise.all([builtin?.reload(), states.reload(Object.keys(config.slices))]);
    stateHub.announce();
  });
  follow();
  return {
    get config() {
      return config;
    },
    store,
    flags,
    builtin,
    states,
    replications,
    sourceWatch,
    verifyRuns,
    evidence,
    evidenceKeeper,
    traffic: new TrafficWindow(),
    proxies: new ListedProxies(),
    candidates,
    legacy: new LegacyWatch(),
    runningConfig: new RunningConfig(),
    needsRestart: new Set(),
    parity,
    streams: new EventStreams(),
    progress,
    positions,
    stateHub,
    batchSpans,
    reconfigure: async (next) => {
      const names = Object.keys(next.slices);
      const wanted = { ...next, control: config.control, flags: config.flags };
      const read = await states.read(names);
      await builtin?.reload();
      await evidenceKeeper.save();
      // Of a slice that comes back: it may have been removed meanwhile, with what was found.
      await evidence.read(names.filter((name) => !parity.slices.includes(name)));
      parity.reconfigure(wanted);
      // Nothing fails from here on: a part that cannot run reports that in its own status.
      config = wanted;
      states.take(read);
      builtin?.serveSlices(names);
      stateHub.announce();
      await replications.reconfigure(config, true);
      // Of streams that are gone by now, nothing is lacking.
      stateHub.announce();
      // Without it, `ficus remove` only refuses for longer.
      await states.release(names).catch(() => undefined);
      void sourceWatch.check();
    },
    stop: async () => {
      flags.stop();
      progress.stop();
      stateHub.stop();
      parity.stop();
      await sourceWatch.stop();
      await verifyRuns.stop();
      await evidenceKeeper.stop();
      await replications.stopAll();
      await batchSpans?.stop();
    },
  };
}

interface OpenedFlags {
  readonly flags: FlagStore;
  readonly builtin: BuiltinFlagStore | undefined;
  /** Starts noticing changes that others make. */
  follow(): void;
}

async function openFlags(config: FicusConfig, store: Store, logger: Logger): Promise<OpenedFlags> {
  const { provider } = config.flags;
  if (provider === 'builtin') {
    const builtin = await BuiltinFlagStore.load(store, Object.keys(config.slices));
    return { flags: builtin, builtin, follow: () => undefined };
  }
  const flags = openForeignFlags(config.flags, auditForeignIn(store));
  flags.subscribe((slice, flag) =>
    logger.info({ slice, flag, provider, percent: flags.read(slice, flag).percent }, 'flag changed'),
  );
  return { flags, builtin: undefined, follow: () => flags.follow(logger) };
}
