/**
 * The workers: one process for each, or none and everything in this process. Workers that exit unexpectedly
 * are restarted, short-lived ones with back-off; workers that hang are ended, also while they start. The
 * others serve meanwhile.
 *
 * Where the kernel can, each worker has a listening socket of its own and the kernel spreads connections.
 * With node:cluster's round robin instead, every connection passes through the primary, which has other work,
 * and a connection just handed to a worker that dies hangs forever.
 */
import cluster, { type Worker as WorkerProcess } from 'node:cluster';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { startSpans } from '../observe/start-spans.ts';
import { Worker } from '../worker/worker.ts';
import type { PrimaryMessage, WorkerInit, WorkerMessage } from '../worker/worker-messages.ts';
import { Silence } from './silence.ts';

export interface WorkerPoolHooks {
  /** A worker's initial state, created when it starts. */
  readonly init: () => WorkerInit;
  readonly onMessage: (worker: number, message: WorkerMessage) => void;
  readonly onGone: (worker: number, asked: boolean) => void;
  /** Several workers in a row exited before they listened. Another is started anyway. */
  readonly onCannotStart: (detail: string) => void;
  /** This process is to stop, also while it still starts. */
  readonly isStopping: () => boolean;
  readonly logger: Logger;
}

/** Where messages to workers go. */
export interface WorkerPool {
  readonly workers: readonly number[];
  /** Workers that have their initial state; the others get newer changes with it. */
  readonly begun: readonly number[];
  /** To all, or to one. */
  send(message: PrimaryMessage, only?: number): void;
  /** Ends a worker that cannot serve; it is restarted after a pause. */
  end(worker: number): void;
  /** Drains all; resolves when the last has ended. */
  drain(): Promise<void>;
}

/** Flags of a worker's Node; measured, and explained in docs/adr/0009. */
const WORKER_FLAGS = [
  // A nursery that is not grown into from 1 MB.
  '--min-semi-space-size=4',
  // Every object of a request is young when it dies. What V8 places among the old ones, because its like lived long at
  // the start or when many clients connected at once, keeps its whole request alive until the next full collection.
  '--no-allocation-site-pretenuring',
  // A request path that is inlined further than V8 would by itself, but not so far that its code leaves the
  // caches.
  '--max-inlined-bytecode-size=900',
  '--max-inlined-bytecode-size-cumulative=2000',
  // Node's own code in pages of 2 MB, where the kernel has them to give; silently ignored elsewhere.
  '--use-largepages=silent',
  // No AsyncLocalStorage is used here. Nodes before 24 do not know the flag, and need none.
  ...(process.allowedNodeEnvironmentFlags.has('--no-async-context-frame')
    ? ['--no-async-context-frame']
    : []),
];

/** The file beside this one, in the sources as in the built package. */
const WORKER_MAIN = new URL(
  `../worker/worker-main${extname(fileURLToPath(import.meta.url))}`,
  import.meta.url,
);
const SHORT_LIFE_MS = 2_000;
const LONGEST_PAUSE_MS = 5_000;
/** A single worker may be killed for its memory; this many suggest a common cause. */
const FAILED_STARTS = 3;
const KILL_AFTER_DRAIN_MS = 3_000;
const WATCH_EACH_MS = 500;

/**
 * Why a message did not reach a worker that has left: one that drains leaves between two messages. Its exit follows and
 * is logged unless it was asked for; one that closes its channel and stays is silent, and ended for that.
 */
const WORKER_LEFT: ReadonlySet<string | undefined> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_IPC_CHANNEL_CLOSED',
]);

/**
 * A terminal sends these to all processes at once: Ctrl-C, and its end. Workers leave them to the primary, but one that was
 * just forked cannot yet (`worker-main.ts`): it dies of one, or of what Node makes of it while it boots.
 */
const OF_THE_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGHUP']);

/** From the running config. */
interface WorkerLimits {
  readonly drainMs: number;
  /** A listening worker that reports nothing for this long hangs; a starting one has at least a minute. */
  readonly workerMs: number;
}

interface Exit {
  readonly code: number;
  readonly signal: string;
}

/** The system could not start the process. */
interface FailedSpawn {
  readonly err: Error;
}

/** A worker's process, from its fork until its exit and its last messages. */
interface Forked {
  readonly handle: WorkerProcess;
  readonly startedAt: number;
  /** It has its initial state. */
  begun: boolean;
  listened: boolean;
  /** It drains, and its listening socket is closed. */
  listenerClosed: boolean;
  exit: Exit | undefined;
}

/** Forks `count` workers. */
export function forkWorkers(count: number, hooks: WorkerPoolHooks, limits: () => WorkerLimits): WorkerPool {
  return new ForkedWorkers(count, hooks, limits);
}

class ForkedWorkers implements WorkerPool {
  readonly #hooks: WorkerPoolHooks;
  readonly #limits: () => WorkerLimits;
  readonly #silence = new Silence();
  readonly #watch: NodeJS.Timeout;
  readonly #alive = new Map<number, Forked>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** The last worker has ended. */
  readonly #drained = Promise.withResolvers<void>();
  #draining = false;
  /** Workers in a row that lived shortly. */
  #shortLives = 0;
  /** Workers in a row that exited before they listened. */
  #failedStarts = 0;

  constructor(count: number, hooks: WorkerPoolHooks, limits: () => WorkerLimits) {
    this.#hooks = hooks;
    this.#limits = limits;
    this.#watch = setInterval(() => this.#endSilent(), WATCH_EACH_MS).unref();
    process.on('exit', this.#endAll);
    for (let index = 0; index < count; index += 1) this.#fork();
  }

  get workers(): readonly number[] {
    return [...this.#alive.keys()];
  }

  get begun(): readonly number[] {
    return [...this.#alive].filter(([, { begun }]) => begun).map(([id]) => id);
  }

  send(message: PrimaryMessage, only?: number): void {
    for (const [id, { handle }] of this.#alive) {
      if ((only === undefined || id === only) && handle.isConnected()) handle.send(message);
    }
  }

  end(worker: number): void {
    this.#alive.get(worker)?.handle.process.kill('SIGKILL');
  }

  async drain(): Promise<void> {
    this.#draining = true;
    clearInterval(this.#watch);
    for (const timer of this.#restarts) clearTimeout(timer);
    if (this.#alive.size > 0) await this.#drainAlive();
    process.off('exit', this.#endAll);
  }

  async #drainAlive(): Promise<void> {
    this.send({ kind: 'drain' });
    this.#endConnections();
    const kill = setTimeout(() => {
      this.#hooks.logger.error({ workers: this.workers }, 'workers did not end in time: killed');
      this.#endAll();
    }, this.#limits().drainMs + KILL_AFTER_DRAIN_MS);
    await this.#drained.promise;
    clearTimeout(kill);
  }

  /**
   * Also when this process exits before they have: a worker that hangs would not notice, and would keep the port. Only a
   * SIGKILL of this process leaves such a worker behind.
   */
  readonly #endAll = (): void => {
    for (const id of this.#alive.keys()) this.end(id);
  };

  #fork(): void {
    cluster.setupPrimary({
      exec: fileURLToPath(WORKER_MAIN),
      args: [],
      execArgv: [...WORKER_FLAGS],
      serialization: 'advanced',
    });
    let handle: WorkerProcess;
    try {
      handle = cluster.fork();
    } catch (error) {
      this.#replace({ err: error as Error }, { listened: false, livedMs: 0 });
      return;
    }
    const startedAt = performance.now();
    const worker: Forked = {
      handle,
      startedAt,
      begun: false,
      listened: false,
      listenerClosed: false,
      exit: undefined,
    };
    this.#alive.set(handle.id, worker);
    this.#silence.starts(handle.id, startedAt);
    handle.on('message', (message: WorkerMessage) => this.#take(worker, message));
    handle.on('error', (error) => this.#failed(worker, error));
    handle.on('disconnect', () => this.#settle(worker));
    handle.on('exit', (code, signal) => {
      worker.exit = { code, signal };
      this.#settle(worker);
    });
  }

  #failed(worker: Forked, error: NodeJS.ErrnoException): void {
    const { handle } = worker;
    // It never existed: no `exit` follows.
    if (handle.process.pid === undefined) this.#gone(worker, { err: error });
    else if (!WORKER_LEFT.has(error.code))
      this.#hooks.logger.warn({ err: error, worker: handle.id }, 'worker channel failed');
  }

  #take(worker: Forked, message: WorkerMessage): void {
    const { handle } = worker;
    const listens = message.kind === 'listening';
    if (listens) {
      worker.listened = true;
      this.#failedStarts = 0;
    }
    this.#silence.heard(handle.id, listens, performance.now());
    if (message.kind === 'ready') {
      handle.send({ kind: 'init', init: this.#hooks.init() } satisfies PrimaryMessage);
      worker.begun = true;
    }
    if (message.kind === 'listener-closed') {
      worker.listenerClosed = true;
      this.#endConnections();
    }
    this.#hooks.onMessage(handle.id, message);
  }

  /** While all drain, only when no worker listens any more. One that drains alone ends them at once: others accept its clients. */
  #endConnections(): void {
    const closed = [...this.#alive.values()].filter(({ listenerClosed }) => listenerClosed);
    if (this.#draining && closed.length < this.#alive.size) return;
    for (const { handle } of closed) this.send({ kind: 'end-connections' }, handle.id);
  }

  #endSilent(): void {
    for (const id of this.#silence.check(performance.now(), this.#limits().workerMs)) {
      this.#hooks.logger.error({ worker: id }, 'worker hangs: ending it');
      this.end(id);
    }
  }

  /**
   * An exit may be noticed before the last messages are read: pins would be kept for a worker that is gone, or missed by
   * writes that wait for them.
   */
  #settle(worker: Forked): void {
    if (worker.exit !== undefined && !worker.handle.isConnected()) this.#gone(worker, worker.exit);
  }

  #gone({ handle: { id }, startedAt, begun, listened }: Forked, end: Exit | FailedSpawn): void {
    if (!this.#alive.delete(id)) return;
    this.#silence.forget(id);
    this.#hooks.onGone(id, this.#draining);
    const livedMs = performance.now() - startedAt;
    if (!this.#draining && !begun && 'signal' in end && this.#wasInterrupted(end)) {
      this.#hooks.logger.debug(
        { worker: id, ...end },
        'worker was interrupted before it began: starting another',
      );
      this.#forkAgain(livedMs);
    } else if (!this.#draining) this.#replace(end, { worker: id, listened, livedMs });
    else if (this.#alive.size === 0) this.#drained.resolve();
    else this.#endConnections();
  }

  #wasInterrupted({ signal }: Exit): boolean {
    return OF_THE_TERMINAL.has(signal) || this.#hooks.isStopping();
  }

  #replace(
    end: Exit | FailedSpawn,
    { worker, listened, livedMs }: { worker?: number; listened: boolean; livedMs: number },
  ): void {
    const { logger, onCannotStart } = this.#hooks;
    if ('err' in end) logger.error({ worker, ...end }, 'worker cannot be started: trying again');
    else logger.error({ worker, ...end }, 'worker exited: starting another');
    if (!listened) this.#failedStarts += 1;
    if (this.#failedStarts >= FAILED_STARTS) onCannotStart(describeFailedStarts(this.#failedStarts, end));
    this.#forkAgain(livedMs);
  }

  /** A worker that cannot run must not be restarted in a tight loop. */
  #forkAgain(livedMs: number): void {
    this.#shortLives = livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    const pause = this.#shortLives < 2 ? 0 : Math.min(100 * 2 ** this.#shortLives, LONGEST_PAUSE_MS);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      if (!this.#draining) this.#fork();
    }, pause);
    this.#restarts.add(timer);
  }
}

/** @param last how the last one ended */
function describeFailedStarts(count: number, last: Exit | FailedSpawn): string {
  if ('err' in last) return `${count} workers could not be started (${last.err.message}).`;
  return `${count} workers exited before they listened (${last.signal ?? `exit code ${last.code}`}).`;
}

/** Serves in this process: for embedding and for tests. */
export async function serveInProcess(hooks: WorkerPoolHooks): Promise<WorkerPool> {
  const spans = await startSpans(process.env);
  const drained = Promise.withResolvers<void>();
  const worker = new Worker(hooks.init(), hooks.logger, spans, (message) => {
    if (message.kind === 'listener-closed') worker.take({ kind: 'end-connections' });
    if (message.kind === 'drained') drained.resolve();
    hooks.onMessage(1, message);
  });
  worker.listen();
  return {
    workers: [1],
    begun: [1],
    send: (message, only) => {
      if (only === undefined || only === 1) worker.take(message);
    },
    end() {},
    async drain() {
      worker.drain();
      await drained.promise;
      hooks.onGone(1, true);
    },
  };
}
