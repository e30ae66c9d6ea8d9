/**
 * Assembles what one process needs to serve: the inbound server, the snapshots, flags, pins and slice states, and the
 * write gate. Requests use it as their RequestHost; the primary sends it every change. Lives in a worker process, or in
 * the embedding process when there is only one.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExplainQuestion, type FicusConfig, listenFailure, type SliceState } from '@ficus/core';
import type { Logger } from 'pino';
import { createInbound, type Inbound, type InboundHandlers } from '../accept/create-inbound.ts';
import { turnEpoch } from '../clock/turn-clock.ts';
import { explainRequest } from '../explain/explain-request.ts';
import { FlagEvaluator } from '../flags/flag-evaluator.ts';
import type { Exchange } from '../forward/forward.ts';
import type { Passage } from '../hold/evaluate-passage.ts';
import { SliceWrites } from '../hold/slice-writes.ts';
import { steadyMs } from '../hold/steady-ms.ts';
import { IdentityNotes } from '../identify/identity-notes.ts';
import { KeptIdentity } from '../identify/kept-identity.ts';
import { ownText } from '../identify/own-text.ts';
import { type LogServed, openAccessLog } from '../observe/access-log.ts';
import type { Spans } from '../observe/request-span.ts';
import { PinTable } from '../pin/pin-table.ts';
import { WritesElsewhere } from '../pin/writes-elsewhere.ts';
import { runRequest } from '../request/request-run.ts';
import { RequestState } from '../request/request-state.ts';
import type { CheckedUpstream } from '../resilience/checked-upstream.ts';
import { applyChecks } from '../snapshot/apply-checks.ts';
import type { LiveSnapshot } from '../snapshot/live-snapshot.ts';
import type { RequestHost } from '../snapshot/request-host.ts';
import { drainInbound } from './drain-inbound.ts';
import { HoldReports } from './hold-reports.ts';
import { MemoryWatch } from './memory-watch.ts';
import { type ObservationEnd, openObservationEnd } from './observation-end.ts';
import { SharedMarks } from './shared-marks.ts';
import { type Later, SiblingPins } from './sibling-pins.ts';
import { SliceStates } from './slice-states.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { pinsOverflow, upstreamHooks } from './worker-changes.ts';
import type { PrimaryMessage, WorkerInit, WorkerMessage } from './worker-messages.ts';
import { WorkerReports } from './worker-reports.ts';
import { WriteGate } from './write-gate.ts';

/** Connections that the kernel holds until they are accepted. */
const BACKLOG = 4096;
/**
 * For what a drained worker still sends. The primary kills it three seconds after its drain, and the log needs one of
 * them: counts that follow the flush would be lost.
 */
const FLUSH_MS = 1_500;

export class Worker implements RequestHost {
  readonly logger: Logger;
  readonly logServed: LogServed;
  readonly flags: FlagEvaluator;
  readonly pins: PinTable;
  readonly elsewhere: WritesElsewhere;
  readonly gate: WriteGate;
  readonly writes: SliceWrites;
  readonly spans: Spans | undefined;

  readonly #init: WorkerInit;
  readonly #send: (message: WorkerMessage) => void;
  readonly #snapshots: SnapshotKeeper;
  readonly #identity: KeptIdentity;
  readonly #marks: SharedMarks;
  readonly #siblings: SiblingPins;
  readonly #observations: ObservationEnd;
  readonly #memory: MemoryWatch;
  readonly #reports: WorkerReports;
  readonly #inbound: Inbound;
  readonly #states: SliceStates;
  readonly #holds: HoldReports;
  readonly #endless = new Map<object, Exchange>();
  #health: readonly CheckedUpstream[];
  #endConnections: (() => void) | undefined;
  /** Requests that took longer than the drain. */
  #cut = 0;

  /** @throws FicusError when an upstream cannot be made */
  constructor(
    init: WorkerInit,
    logger: Logger,
    spans: Spans | undefined,
    send: (message: WorkerMessage) => void,
  ) {
    this.#init = init;
    this.#send = send;
    this.logger = logger;
    this.logServed = openAccessLog(logger);
    this.spans = spans;
    const count = (series: string): void => this.count(series);
    const warn = (detail: object, message: string): void => logger.warn(detail, message);
    this.#identity = new KeptIdentity(new IdentityNotes(warn, count));
    this.flags = new FlagEvaluator(
      (message) => logger.warn({ detail: message }, 'flag cannot be evaluated'),
      init.config.flags.environment,
    );
    if (init.flags) this.flags.replace(init.flags);
    this.#states = new SliceStates(init.slices, init.leases, steadyMs);
    this.#observations = openObservationEnd(init, send, (slice, reason) =>
      this.snapshot.counters.dropCopy(slice, reason),
    );
    this.#snapshots = this.#makeSnapshots(init);
    this.#health = init.health;
    applyChecks(this.snapshot, this.#health);
    this.pins = new PinTable(pinsOverflow(logger, count));
    this.#marks = new SharedMarks(this.pins, this.#identity.sessions);
    for (const { slice, key, count: times } of init.pins) this.#marks.pin(slice, key, times);
    const { siblings } = init;
    this.#siblings = new SiblingPins({ pins: this.#marks, siblings, send, count, later });
    this.writes = new SliceWrites({ now: Date.now, later });
    this.gate = this.#makeGate(count);
    this.elsewhere = this.#makeElsewhere(init);
    this.#holds = this.#reportHolds();
    this.#memory = new MemoryWatch(logger, () => this.snapshot.config.proxy.limits.bufferedBytes);
    this.#inbound = this.#makeInbound(init);
    this.#reports = new WorkerReports({
      snapshots: this.#snapshots,
      pins: this.pins,
      gate: this.gate,
      writes: this.writes,
      memory: this.#memory,
      server: this.#inbound.server,
      send,
    });
  }

  #makeGate(count: (series: string) => void): WriteGate {
    return new WriteGate({
      pins: this.#siblings,
      passage: (slice) => this.#states.passage(slice),
      waitMs: (slice) => this.#states.waitMs(slice),
      underWay: (slice) => this.writes.underWay(slice),
      now: steadyMs,
      count,
      later,
      onChange: () => this.#holds.changed(),
    });
  }

  /** Siblings and the primary take it as a write that is over. */
  #makeElsewhere({ proxyId }: WorkerInit): WritesElsewhere {
    const pin = (slice: string, caller: string): void => {
      const pin = { slice, key: this.pins.keyFor(slice, ownText(caller)) };
      this.gate.pin(pin);
      this.gate.unpin(pin, 0);
    };
    return new WritesElsewhere({ proxyId, pin });
  }

  #reportHolds(): HoldReports {
    const { writes, gate } = this;
    return new HoldReports({ states: this.#states, writes, gate, send: this.#send, later });
  }

  #makeSnapshots({ config, generation }: WorkerInit): SnapshotKeeper {
    return new SnapshotKeeper(config, generation, {
      identity: this.#identity,
      clock: () => this.now(),
      mirrorHooks: (counters) => ({
        dropped: (slice, reason) => counters.dropCopy(slice, reason),
        copied: (slice, result) => {
          counters.add(`ficus_shadow_copies_total{slice="${slice}",result="${result}"}`);
        },
        observe: (observation) => this.#observations.observe(observation),
      }),
      upstreamHooks: upstreamHooks(this.logger, (series) => this.count(series)),
      onRetire: (snapshot) => this.#reports.sendCountsOf(snapshot),
    });
  }

  #makeInbound({ config, certificate }: WorkerInit): Inbound {
    const { tls } = config.proxy;
    const secure = tls && certificate ? { config: tls, pems: certificate } : undefined;
    const handlers: InboundHandlers = {
      request: (request, response) => {
        this.#begin(new RequestState(this, request, response, undefined));
      },
      upgrade: (request, socket, firstBytes) =>
        this.#begin(new RequestState(this, request, undefined, { socket, firstBytes })),
      refused: (reason, status, detail) => {
        this.count(`ficus_refused_total{reason="${reason}"}`);
        if (detail !== null) this.logger.warn({ reason, status, ...detail }, 'request refused');
      },
    };
    return createInbound(config.proxy, handlers, secure);
  }

  #begin(state: RequestState): void {
    this.#snapshots.begin();
    runRequest(state);
    const field = state.snapshot.removed.hintFor(state.head);
    if (field !== undefined) this.#sayRemoved(field, state.head);
  }

  /** Once for each config, and kind of peer: any stranger may send the field. */
  #sayRemoved(field: string, { peer, fromTrustedProxy }: RequestState['head']): void {
    this.logger.info(
      { peer, field },
      fromTrustedProxy
        ? 'a trusted proxy sends a field that re-routes requests, which is removed: if the proxy sets it, or removes the client’s, name it in proxy.passFields'
        : 'a peer sends a field that only a proxy can know: if it is a proxy of yours, name it in proxy.trustedProxies; otherwise such fields are rightly removed',
    );
  }

  /** Opens the listening socket; reports the address, or why it could not. */
  listen(): void {
    const { host, port, sharing } = this.#init.listen;
    const { server } = this.#inbound;
    server.once('error', (error: NodeJS.ErrnoException) => {
      const { code, message } = listenFailure(host, port, 'proxy.listen', error);
      this.#send({ kind: 'failed', code, message });
    });
    const exclusive = sharing !== 'handed';
    const reusePort = sharing === 'reuse-port';
    server.listen({ port, host, backlog: BACKLOG, exclusive, reusePort }, () => {
      server.on('error', (error) => this.logger.error({ err: error }, 'listening socket failed'));
      const { address, port: actual } = server.address() as AddressInfo;
      this.#reports.start();
      this.#memory.start();
      this.#stateChanged();
      this.#send({ kind: 'listening', host: address, port: actual });
      this.#acknowledge();
    });
  }

  /** Applies a message of the primary. */
  take(message: PrimaryMessage): void {
    switch (message.kind) {
      case 'init':
        break;
      case 'config':
        this.#replaceConfig(message.config, message.generation);
        break;
      case 'certificate':
        this.#inbound.renew({ config: this.snapshot.config.proxy.tls!, pems: message.pems });
        break;
      case 'flags':
        this.flags.replace(message.set);
        break;
      case 'state':
        this.#states.replace(message.slices);
        this.#stateChanged();
        this.#acknowledge();
        break;
      case 'leases':
        this.#states.renew(message.leases);
        this.gate.release();
        break;
      case 'health':
        this.#health = message.upstreams;
        applyChecks(this.snapshot, this.#health);
        break;
      case 'pin':
        this.#marks.pin(message.slice, message.key);
        break;
      case 'pinned':
        this.#siblings.answered(message.ask);
        break;
      case 'release':
        for (const { slice, key, count } of message.pins) this.#marks.release(slice, key, count);
        break;
      case 'forget-sessions':
        for (const session of message.sessions) this.#identity.forget(session);
        break;
      case 'explain':
        void this.#explain(message.ask, message.question);
        break;
      case 'drain':
        this.drain();
        break;
      case 'end-connections':
        this.#endConnections?.();
        break;
    }
  }

  /** In this order: what the primary hears is what no write overtakes any longer. */
  #stateChanged(): void {
    this.writes.observe(this.#states.observed());
    this.#holds.stateChanged();
    this.gate.release();
  }

  /** Holds its snapshot as a request does. */
  async #explain(ask: number, question: ExplainQuestion): Promise<void> {
    const { snapshot } = this;
    this.#snapshots.begin();
    const explanation = await explainRequest(this, question).catch((error: unknown) => {
      this.logger.error({ err: error }, 'a request cannot be explained');
      return undefined;
    });
    this.#send({ kind: 'explained', ask, explanation });
    this.finished(snapshot);
  }

  /** Stops accepting, lets requests finish, then reports `drained`. */
  drain(): void {
    if (this.#endConnections) return;
    const { drainMs } = this.snapshot.config.proxy.timeouts;
    const lastCall = setTimeout(() => this.gate.close(), drainMs / 2);
    this.#endConnections = drainInbound(this.#inbound, this.#endless, drainMs, {
      onListenerClosed: () => this.#send({ kind: 'listener-closed' }),
      onDeadline: () => {
        this.#cut = this.#snapshots.inProgress;
      },
      onDrained: () => {
        clearTimeout(lastCall);
        void this.#close();
      },
    });
  }

  async #close(): Promise<void> {
    this.#reports.stop();
    this.#holds.stop();
    this.#memory.stop();
    // Before and after: the primary may not wait for the end of a flush.
    this.#reports.sendCounts();
    await Promise.all([this.#observations.flush(FLUSH_MS), Promise.race([this.spans?.stop(), flushTime()])]);
    this.#reports.sendCounts();
    this.flags.stop();
    this.#snapshots.closeAll();
    this.#send({ kind: 'drained', cut: this.#cut });
  }

  /** Adds to a plain counter. */
  count(series: string): void {
    this.snapshot.counters.add(series);
  }

  // RequestHost, for requests.

  get snapshot(): LiveSnapshot {
    return this.#snapshots.current;
  }

  get shedding(): boolean {
    return this.#memory.shedding;
  }

  now(): number {
    return turnEpoch();
  }

  stateOf(slice: string): SliceState {
    return this.#states.of(slice);
  }

  passage(slice: string): Passage {
    return this.#states.passage(slice);
  }

  holdEndless(run: object, exchange: Exchange): void {
    this.#endless.set(run, exchange);
  }

  dropEndless(run: object): void {
    this.#endless.delete(run);
  }

  forgetSessions(sessions: readonly string[]): void {
    for (const session of sessions) this.#identity.forget(session);
    if (this.#init.siblings) this.#send({ kind: 'forget-sessions', sessions });
  }

  finished(snapshot: LiveSnapshot): void {
    this.#snapshots.finished(snapshot);
  }

  #replaceConfig(config: FicusConfig, generation: number): void {
    try {
      this.#snapshots.replace(config, generation);
      applyChecks(this.snapshot, this.#health);
      this.#inbound.retune(config.proxy);
      this.#acknowledge();
    } catch (error) {
      this.logger.error({ err: error, generation }, 'config refused by a worker: the old one stays in place');
    }
  }

  #acknowledge(): void {
    const { config, generation } = this.snapshot;
    const names = Object.keys(config.slices);
    const epochs = Object.fromEntries(names.map((name) => [name, this.stateOf(name).epoch]));
    this.#send({ kind: 'ack', generation, epochs });
  }
}

const flushTime = (): Promise<void> => sleep(FLUSH_MS, undefined, { ref: false });

const later: Later = (action, ms) => {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
};
