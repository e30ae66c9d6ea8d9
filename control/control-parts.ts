/**
 * What the control plane is made of, and how a new config reaches each part. Listener, database and flag provider
 * stay until a restart; slices, upstreams, tables and rules may change while it runs.
 */
import { type FicusConfig, FicusError, RunningConfig, type SlotHealth } from '@ficus/core';
import type { Logger } from 'pino';
import type { AdminParts } from './api/admin-endpoints.ts';
import { AttemptJournal } from './cutover/attempt-journal.ts';
import type { CutoverEngine } from './cutover/cutover-engine.ts';
import { makeCoordinator } from './cutover/make-cutover.ts';
import { ProxyLeases, SETTLES_MS } from './cutover/proxy-leases.ts';
import { refuseMoving } from './cutover/refuse-moving.ts';
import { makeRetire } from './cutover/retire-slice.ts';
import { DEFAULT_LIMITS } from './cutover/work.ts';
import { WriteStates } from './cutover/write-states.ts';
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
import { OwnerStreams } from './replications/owner-streams.ts';
import { PositionSource } from './replications/position-source.ts';
import { type OpenReplication, ReplicationSet } from './replications/replication-set.ts';
import { ReverseStreams } from './replications/reverse-streams.ts';
import { boundSlot, describeGivenUp, type SourceEngine, SourceWatch } from './replications/source-watch.ts';
import { verifyRequest } from './replications/verify-request.ts';
import { type RunVerify, VerifyRuns } from './replications/verify-runs.ts';
import { EvidenceStore } from './store/evidence-store.ts';
import type { Store } from './store/open-store.ts';
import { SliceStates } from './store/slice-states.ts';
import { type Direction, type NewStream, StreamRecords } from './store/stream-records.ts';
import { CandidateWatch } from './traffic/candidate-watch.ts';
import { LegacyWatch } from './traffic/legacy-watch.ts';
import { ListedProxies } from './traffic/listed-proxies.ts';
import { TrafficWindow } from './traffic/traffic-window.ts';
import { knownVerify, lastVerify, withVersion } from './views/last-verify.ts';
import { InventoryStore } from './writers/inventory-store.ts';
import type { OpenFence } from './writers/slice-writers.ts';
import { WriterWatch } from './writers/writer-watch.ts';

export interface ControlParts extends AdminParts {
  readonly needsRestart: Set<string>;
  /** The built-in flags, which Unleash's client API serves; `undefined` for another provider. */
  readonly builtin: BuiltinFlagStore | undefined;
  readonly streams: EventStreams;
  readonly progress: ProgressHub;
  readonly positions: PositionSource;
  readonly stateHub: StateHub;
  readonly leases: ProxyLeases;
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
  readonly openFence: OpenFence;
  readonly cutover: CutoverEngine;
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
  const sourceWatch = new SourceWatch({
    records,
    config: () => config,
    isArmed: (slice) => reverse.isArmed(slice),
    engine: engines.source,
    logger,
  });
  const slotFacts = (direction: Direction) => ({
    record: (stream: NewStream) => records.record(stream),
    slotOf: (slice: string, own: SlotHealth | undefined) =>
      sourceWatch.slotOf(slice, direction) ?? (own && boundSlot(own, config.legacy.maxRetainedWal)),
    givenUp: (slice: string) => {
      const given = records
        .all()
        .find(
          (record) =>
            record.slice === slice && record.direction === direction && record.givenUpBytes !== null,
        );
      return given && describeGivenUp(given.slot, given.givenUpBytes ?? 0);
    },
  });
  const epochOf = (slice: string) => states.of(slice).epoch;
  const batchSpans = await openBatchSpans(process.env);
  const openReplication: OpenReplication = (options) =>
    engines.openReplication({ ...options, onBatch: batchSpans?.observer(options.slice) });
  const replications = new ReplicationSet(openReplication, epochOf, slotFacts('forward'), logger, {
    direction: 'forward',
    isWanted: (slice) => !states.of(slice).retired,
  });
  await replications.reconfigure(config, false);
  const makeReverseSet = (isWanted: (slice: string) => boolean) =>
    new ReplicationSet(openReplication, epochOf, slotFacts('reverse'), logger, {
      direction: 'reverse',
      isWanted,
    });
  const reverse = await ReverseStreams.load({
    store,
    forward: replications,
    makeSet: makeReverseSet,
    config: () => config,
    logger,
  });
  const journal = new AttemptJournal(store);
  const [unfinished, lastAttempts] = [await journal.unfinished(), await journal.last()];
  const evidence = new EvidenceStore(store);
  await evidence.read(Object.keys(config.slices));
  const verifyRuns = new VerifyRuns(engines.runVerify, (slice, run) => {
    evidence.keepVerify(slice, withVersion(run));
    void evidenceKeeper.save();
  });
  const ownerStreams = new OwnerStreams(replications, reverse, (slice) => states.of(slice).owner);
  const positions = new PositionSource(ownerStreams);
  const writers = new WriterWatch({
    config: () => config,
    store: new InventoryStore(store),
    open: engines.openFence,
    ownerOf: (slice) => states.of(slice).owner,
    epochOf,
    isMoving: async (slice) => (await journal.unfinished()).some((attempt) => attempt.slice === slice),
    logger,
  });
  (await writers.prepare(config))();
  const candidates = new CandidateWatch();
  const parity = new ParityService({
    config,
    candidates,
    catchUp: makeCatchUp(ownerStreams, positions),
    stateOf: (slice) => states.of(slice),
    stored: (slice) => evidence.evidence(slice),
    logger,
  });
  // Nothing fails from here on: parts that run on a timer start last.
  const evidenceKeeper = new EvidenceKeeper(evidence, parity, logger);
  evidenceKeeper.start();
  const progress = new ProgressHub(ownerStreams);
  const proxies = new ListedProxies();
  const leases = new ProxyLeases({
    reported: () => proxies.views(Date.now()),
    settlesMs: SETTLES_MS,
  });
  const writes = new WriteStates(states, leases, DEFAULT_LIMITS, unfinished);
  const coordinator = makeCoordinator(
    {
      ...{ store, journal, states, writes, logger, limits: DEFAULT_LIMITS, config: () => config },
      engine: engines.cutover,
      runVerify: engines.runVerify,
      ...{ forward: replications, reverse },
      lastVerify: (slice) => knownVerify(lastVerify({ verifyRuns, evidence, parity }, slice)),
      verifyFull: (slice) => {
        const { owner } = states.of(slice);
        const [replication, version] = [ownerStreams.port(slice), parity.versions(slice).current];
        const request = verifyRequest(slice, { config, owner, replication, version }, 'full', false);
        if (!request) throw new FicusError('FICUS_CONTROL_NO_TABLES', `The slice ${slice} has no tables.`);
        return verifyRuns.finish(request);
      },
      writers: (slice) => writers.evaluateNow(slice),
    },
    lastAttempts,
  );
  const retire = makeRetire({
    ...{ store, states, coordinator },
    endStreams: async (slice) => {
      await reverse.disarm(slice);
      await replications.remove(slice);
      stateHub.announce();
    },
  });
  const stateHub = new StateHub(states, writes, ownerStreams, (slice) => writers.observes(slice));
  writes.announce = (slice) => {
    stateHub.announce();
    progress.sendAgain(slice);
  };
  writers.subscribe(() => stateHub.announce());
  const streams = new EventStreams();
  // Proxies connect again: behind one address, to the control plane that has taken over.
  store.onReplaced(() => streams.closeAll());
  store.onReconnect(async () => {
    await Promise.all([builtin?.reload(), states.reload(Object.keys(config.slices))]);
    await coordinator.reload();
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
    reverse,
    sourceWatch,
    verifyRuns,
    evidence,
    evidenceKeeper,
    traffic: new TrafficWindow(),
    proxies,
    leases,
    ownerStreams,
    ...{ writes, coordinator, retire },
    candidates,
    legacy: new LegacyWatch(),
    runningConfig: new RunningConfig(),
    writers,
    needsRestart: new Set(),
    parity,
    streams,
    progress,
    positions,
    stateHub,
    batchSpans,
    reconfigure: async (next) => {
      refuseMoving(config, next, (slice) => coordinator.needsGround(slice));
      const names = Object.keys(next.slices);
      const wanted = { ...next, control: config.control, flags: config.flags };
      const read = await states.read(names);
      await builtin?.reload();
      await evidenceKeeper.save();
      // Of a slice that comes back: it may have been removed meanwhile, with what was found.
      await evidence.read(names.filter((name) => !parity.slices.includes(name)));
      const applyWriters = await writers.prepare(wanted);
      parity.reconfigure(wanted);
      // Nothing fails from here on: a part that cannot run reports that in its own status.
      config = wanted;
      applyWriters();
      states.take(read);
      builtin?.serveSlices(names);
      stateHub.announce();
      await replications.reconfigure(config, true);
      await reverse.reconfigure();
      // Of streams that are gone by now, nothing is lacking.
      stateHub.announce();
      // Without it, `ficus remove` only refuses for longer.
      await states.release(names).catch(() => undefined);
      void sourceWatch.check();
      // What the config before did not let end.
      if (coordinator.stranded().length > 0)
        coordinator.resume().catch((error) => logger.error({ err: error }, 'attempts cannot be resumed'));
    },
    stop: async () => {
      await coordinator.stop();
      flags.stop();
      progress.stop();
      stateHub.stop();
      parity.stop();
      await sourceWatch.stop();
      await writers.stop();
      await verifyRuns.stop();
      await evidenceKeeper.stop();
      await Promise.all([replications.stopAll(), reverse.stopAll()]);
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
