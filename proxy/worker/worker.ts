/**
 * What one process needs to serve: the snapshot, flags, pins and slice states, the inbound server, and the counts
 * that go to the primary each second. Lives in a worker, or in the embedding process when there is only one.
 */
import type { AddressInfo } from 'node:net';
import {
  INITIAL_SLICE_STATE,
  LINK_PATHS,
  listenFailure,
  type Observation,
  type SliceState,
} from '@ficus/core';
import type { Logger } from 'pino';
import { createInbound, type Inbound } from '../accept/create-inbound.ts';
import { turnEpoch } from '../clock/turn-clock.ts';
import { FlagEvaluator } from '../flags/flag-evaluator.ts';
import type { Exchange } from '../forward/forward.ts';
import { KeptIdentity } from '../identify/kept-identity.ts';
import { ObservationQueue } from '../link/observation-queue.ts';
import { postJson } from '../link/post-json.ts';
import type { Spans } from '../observe/spans.ts';
import { PinTable } from '../pin/pin-table.ts';
import { runRequest } from '../request/request-run.ts';
import { RequestState } from '../request/request-state.ts';
import type { AddressChange } from '../resilience/address-health.ts';
import { buildSnapshot, type LiveSnapshot } from '../snapshot/live-snapshot.ts';
import { UpstreamRegistry } from '../snapshot/live-upstream.ts';
import type { RequestHost } from '../snapshot/request-host.ts';
import type { PrimaryMessage, WorkerInit, WorkerMessage } from './worker-messages.ts';

const COUNTS_EACH_MS = 500;
const MEMORY_EACH_MS = 100;
/** Connections that the kernel holds until they are accepted. */
const BACKLOG = 4096;
/** Idle connections are left open for so long while draining, so that each is told at its next answer. */
const IDLE_GRACE_MS = 1_000;
/**
 * A write waits at most so long for the other workers; then it goes, and that is counted. Long: whoever goes without may
 * read an old value of their own, and only a worker that hangs takes so long to answer.
 */
const PIN_WAIT_MS = 2_000;

export class Worker implements RequestHost {
  readonly logger: Logger;
  readonly flags: FlagEvaluator;
  readonly pins: PinTable;
  readonly spans: Spans | undefined;
  snapshot: LiveSnapshot;

  readonly #send: (message: WorkerMessage) => void;
  readonly #registry: UpstreamRegistry;
  readonly #identity = new KeptIdentity();
  readonly #inbound: Inbound;
  readonly #init: WorkerInit;
  readonly #queue: ObservationQueue | undefined;
  /** The one that serves, and those before it that requests began with which are still under way. */
  readonly #snapshots = new Set<LiveSnapshot>();
  readonly #endless = new Map<object, Exchange>();
  /** Writes that wait until all workers have their user pinned. */
  readonly #pinned = new Map<number, () => void>();
  #asked = 0;
  #slices: ReadonlyMap<string, SliceState>;
  /** More is held in buffers than `limits.bufferedBytes`: new requests are refused until it is less. */
  shedding = false;
  #bufferedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #memoryTimer: NodeJS.Timeout | undefined;
  #draining = false;

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
    this.spans = spans;
    this.flags = new FlagEvaluator((message) => logger.warn({ detail: message }, 'flag cannot be evaluated'));
    if (init.flags) this.flags.replace(init.flags);
    this.pins = new PinTable((slice, begins) => this.#pinsOverflow(slice, begins));
    this.#slices = new Map(Object.entries(init.slices));
    this.#queue = this.#makeQueue();
    this.#registry = new UpstreamRegistry({
      breakerChanged: (name, state) => {
        logger.warn({ upstream: name, state }, 'breaker changed');
        this.snapshot.counters.add(`ficus_breaker_changes_total{upstream="${name}",state="${state}"}`);
      },
      addressChanged: (name, change) => this.#addressChanged(name, change),
      connectionLost: (name, detail) => logger.debug({ upstream: name, detail }, 'upstream connection lost'),
    });
    this.snapshot = this.#build(init.config, init.generation);
    this.#snapshots.add(this.snapshot);
    for (const { slice, key, count } of init.pins) this.pins.pin(slice, key, count);
    this.#inbound = createInbound(init.config.proxy, {
      request: (request, response) => {
        if (this.#draining) response.shouldKeepAlive = false;
        this.#begin(new RequestState(this, request, response, undefined));
      },
      upgrade: (request, socket, firstBytes) =>
        this.#begin(new RequestState(this, request, undefined, { socket, firstBytes })),
      refused: (reason, status) => {
        this.snapshot.counters.add(`ficus_refused_total{reason="${reason}"}`);
        logger.warn({ reason, status }, 'request refused');
      },
    });
  }

  /** Opens the listening socket; reports the address, or why it could not. */
  listen(): void {
    const { host, port, sharing } = this.#init.listen;
    this.#inbound.server.once('error', (error: NodeJS.ErrnoException) => {
      const { code, message } = listenFailure(host, port, 'proxy.listen', error);
      this.#send({ kind: 'failed', code, message });
    });
    const options = {
      port,
      host,
      backlog: BACKLOG,
      exclusive: sharing !== 'handed',
      reusePort: sharing === 'reuse-port',
    };
    this.#inbound.server.listen(options, () => {
      this.#inbound.server.on('error', (error) =>
        this.logger.error({ err: error }, 'listening socket failed'),
      );
      const { address, port: actual } = this.#inbound.server.address() as AddressInfo;
      this.#timer = setInterval(() => {
        this.#sendCounts();
        this.#inbound.server.getConnections((error, connections) => {
          if (!this.#draining) this.#sendGauges(error ? 0 : connections);
        });
      }, COUNTS_EACH_MS);
      this.#memoryTimer = setInterval(() => this.#watchMemory(), MEMORY_EACH_MS);
      this.#send({ kind: 'listening', host: address, port: actual });
      this.#acknowledge();
    });
  }

  /** Takes over what the primary says. */
  take(message: PrimaryMessage): void {
    switch (message.kind) {
      case 'init':
        break;
      case 'config':
        this.#replaceConfig(message.config, message.generation);
        break;
      case 'flags':
        this.flags.replace(message.set);
        break;
      case 'state':
        this.#slices = new Map(Object.entries(message.slices));
        this.#acknowledge();
        break;
      case 'pin':
        this.pins.pin(message.slice, message.key);
        break;
      case 'pinned': {
        const goOn = this.#pinned.get(message.ask);
        this.#pinned.delete(message.ask);
        goOn?.();
        break;
      }
      case 'release':
        for (const { slice, key, count } of message.pins) this.pins.release(slice, key, count);
        break;
      case 'drain':
        this.drain();
        break;
    }
  }

  /** Stops accepting, lets requests finish, then reports `drained`. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const { drainMs } = this.snapshot.config.proxy.timeouts;
    let sweep: NodeJS.Timeout | undefined;
    const graceMs = Math.min(IDLE_GRACE_MS, drainMs / 2);
    const grace = setTimeout(() => {
      sweep = setInterval(() => {
        // Whoever holds a tunnel or an event stream is made to connect again, by then to somebody else.
        for (const exchange of this.#endless.values()) exchange.cancel();
        // Right behind the sockets' events: whose request has come is not idle any more.
        setImmediate(() => this.#inbound.closeIdle(graceMs));
      }, 50);
    }, graceMs);
    const deadline = setTimeout(() => this.#inbound.cutAll(), drainMs);
    this.#inbound.stopAccepting(drainMs / 2, () => {
      clearTimeout(grace);
      clearTimeout(deadline);
      clearInterval(sweep);
      void this.#close();
    });
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#memoryTimer);
    await Promise.all([this.#queue?.flush(), this.spans?.stop()]);
    this.#sendCounts();
    this.flags.stop();
    this.#registry.closeAll();
    this.#send({ kind: 'drained' });
  }

  // What requests ask for.

  now(): number {
    return turnEpoch();
  }

  stateOf(slice: string): SliceState {
    return this.#slices.get(slice) ?? INITIAL_SLICE_STATE;
  }

  beginWrite(slice: string, key: string, goOn: () => void): void {
    this.pins.pin(slice, key);
    if (!this.#init.siblings) {
      this.#send({ kind: 'pin-begin', slice, key, ask: 0 });
      goOn();
      return;
    }
    this.#asked += 1;
    const ask = this.#asked;
    const timer = setTimeout(() => {
      this.#pinned.delete(ask);
      this.snapshot.counters.add('ficus_pin_waits_expired_total');
      goOn();
    }, PIN_WAIT_MS);
    this.#pinned.set(ask, () => {
      clearTimeout(timer);
      goOn();
    });
    this.#send({ kind: 'pin-begin', slice, key, ask });
  }

  endWrite(slice: string, key: string, afterMs: number): void {
    this.#send({ kind: 'pin-answered', slice, key, afterMs });
  }

  holdEndless(run: object, exchange: Exchange): void {
    this.#endless.set(run, exchange);
  }

  dropEndless(run: object): void {
    this.#endless.delete(run);
  }

  finished(snapshot: LiveSnapshot): void {
    snapshot.requests -= 1;
    if (snapshot.requests === 0 && snapshot !== this.snapshot) this.#retire(snapshot);
  }

  #begin(state: RequestState): void {
    this.snapshot.requests += 1;
    runRequest(state);
  }

  #replaceConfig(config: LiveSnapshot['config'], generation: number): void {
    try {
      const before = this.snapshot;
      this.snapshot = this.#build(config, generation);
      this.#snapshots.add(this.snapshot);
      this.#inbound.retune(config.proxy);
      if (before.requests === 0) this.#retire(before);
      this.#acknowledge();
    } catch (error) {
      this.logger.error({ err: error, generation }, 'config refused by a worker, the old one goes on');
    }
  }

  #retire(snapshot: LiveSnapshot): void {
    this.#sendDelta(snapshot);
    this.#snapshots.delete(snapshot);
    const used = new Set([...this.#snapshots].flatMap((held) => [...held.upstreams]));
    this.#registry.keepOnly(used);
  }

  #build(config: LiveSnapshot['config'], generation: number): LiveSnapshot {
    return buildSnapshot(config, generation, {
      registry: this.#registry,
      identity: this.#identity,
      count: (series) => this.snapshot.counters.add(series),
      clock: () => this.now(),
      mirrorHooks: (counters) => ({
        dropped: (slice, reason) => counters.dropCopy(slice, reason),
        copied: (slice, result) => {
          counters.add(`ficus_shadow_copies_total{slice="${slice}",result="${result}"}`);
        },
        observe: (observation) => this.#observe(observation),
      }),
    });
  }

  #observe(observation: Observation): void {
    if (this.#init.observationsToPrimary) this.#send({ kind: 'observation', observation });
    else this.#queue?.push(observation);
  }

  #makeQueue(): ObservationQueue | undefined {
    const { control, observationsToPrimary } = this.#init;
    if (!control || observationsToPrimary) return undefined;
    const url = `${control.url}${LINK_PATHS.observations}`;
    return new ObservationQueue({
      send: async (batch) => {
        await postJson(url, batch, control.headers, 5_000);
      },
      onDropped: (slice, reason) => this.snapshot.counters.dropCopy(slice, reason),
    });
  }

  #acknowledge(): void {
    const names = Object.keys(this.snapshot.config.slices);
    const epochs = Object.fromEntries(names.map((name) => [name, this.stateOf(name).epoch]));
    this.#send({ kind: 'ack', generation: this.snapshot.generation, epochs });
  }

  /** Bodies and copies live in array buffers; what is held there is what a flood of slow readers fills. */
  #watchMemory(): void {
    const { arrayBuffers } = process.memoryUsage();
    this.#bufferedBytes = arrayBuffers;
    const limit = this.snapshot.config.proxy.limits.bufferedBytes;
    const shedding = arrayBuffers > limit;
    if (shedding === this.shedding) return;
    this.shedding = shedding;
    const text = shedding
      ? 'too much is held in buffers: new requests are refused'
      : 'requests are taken again';
    this.logger.warn({ arrayBuffers, limit }, text);
  }

  #sendCounts(): void {
    for (const snapshot of this.#snapshots) this.#sendDelta(snapshot);
  }

  #sendGauges(connections: number): void {
    const values = {
      ...this.#registry.gauges(),
      ficus_client_connections: connections,
      ficus_buffered_bytes: this.#bufferedBytes,
    };
    // Also when nothing has changed: whoever says nothing is taken for hanging.
    this.#send({ kind: 'gauges', values });
  }

  #sendDelta(snapshot: LiveSnapshot): void {
    const delta = snapshot.counters.take();
    if (delta) this.#send({ kind: 'counts', delta, pins: this.pins.size });
  }

  #addressChanged(upstream: string, change: AddressChange): void {
    const { counters } = this.snapshot;
    if (change.kind === 'ejected') {
      const labels = `upstream="${upstream}",reason="${change.reason}"`;
      counters.add(`ficus_outlier_ejections_total{${labels}}`);
      const { address, reason, forMs } = change;
      this.logger.warn({ upstream, address, reason, forMs }, 'address left alone: it fails, others do not');
      return;
    }
    counters.add(`ficus_outlier_returns_total{upstream="${upstream}"}`);
    this.logger.info({ upstream, address: change.address }, 'address taken back: its probe was answered');
  }

  #pinsOverflow(slice: string, begins: boolean): void {
    if (begins) this.snapshot.counters.add(`ficus_pin_overflows_total{slice="${slice}"}`);
    const text = begins ? 'everybody is pinned: all reads go to the owner' : 'pins are of single users again';
    this.logger.warn({ slice }, text);
  }
}
