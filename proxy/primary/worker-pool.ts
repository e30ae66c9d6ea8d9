/**
 * The workers: one process for each, or none and everything in this process. Workers that exit unexpectedly
 * are restarted, short-lived ones with back-off; workers that hang are ended, also while they start. The
 * others serve meanwhile.
 *
 * Where the kernel can, each worker has a listening socket of its own and the kernel spreads connections.
 * With node:cluster's round robin instead, every connection passes through the primary, which has other work,
 * and a connection just handed to a worker that dies hangs for ever.
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

/** Forks `count` workers. */
export function forkWorkers(count: number, hooks: WorkerPoolHooks, limits: () => WorkerLimits): WorkerPool {
  const silence = new Silence();
  const watch = setInterval(() => {
    for (const id of silence.check(performance.now(), limits().workerMs)) {
      hooks.logger.error({ worker: id }, 'worker hangs: ending it');
      alive.get(id)?.process.kill('SIGKILL');
    }
  }, WATCH_EACH_MS);
  watch.unref();
  const alive = new Map<number, WorkerProcess>();
  const begun = new Set<number>();
  let draining = false;
  let shortLives = 0;
  let failedStarts = 0;
  const ended = Promise.withResolvers<void>();
  const timers = new Set<NodeJS.Timeout>();

  for (let index = 0; index < count; index += 1) fork();

  function fork(): void {
    cluster.setupPrimary({
      exec: fileURLToPath(WORKER_MAIN),
      args: [],
      execArgv: [...WORKER_FLAGS],
      serialization: 'advanced',
    });
    const worker = cluster.fork();
    const startedAt = performance.now();
    let listens = false;
    alive.set(worker.id, worker);
    silence.starts(worker.id, performance.now());
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'listening') {
        listens = true;
        failedStarts = 0;
      }
      silence.heard(worker.id, message.kind === 'listening', performance.now());
      if (message.kind === 'ready') {
        worker.send({ kind: 'init', init: hooks.init() } satisfies PrimaryMessage);
        begun.add(worker.id);
      }
      hooks.onMessage(worker.id, message);
    });
    worker.on('error', (error) =>
      hooks.logger.warn({ err: error, worker: worker.id }, 'worker channel failed'),
    );
    let exit: Exit | undefined;
    // Its exit may be noticed before its last messages are read: pins would be kept for a worker that is
    // gone, or missed by writes that wait for them.
    const settle = (): void => {
      if (exit !== undefined && !worker.isConnected())
        gone(worker.id, exit, listens, performance.now() - startedAt);
    };
    worker.on('disconnect', settle);
    worker.on('exit', (code, signal) => {
      exit = { code, signal };
      settle();
    });
  }

  function gone(id: number, exit: Exit, listened: boolean, livedMs: number): void {
    if (!alive.delete(id)) return;
    begun.delete(id);
    silence.forget(id);
    hooks.onGone(id, draining);
    if (draining) {
      if (alive.size === 0) ended.resolve();
      return;
    }
    hooks.logger.error({ worker: id, ...exit }, 'worker exited: starting another');
    if (!listened) failedStarts += 1;
    if (failedStarts >= FAILED_STARTS) {
      const how = exit.signal ?? `exit code ${exit.code}`;
      hooks.onCannotStart(`${failedStarts} workers exited before they listened (${how}).`);
    }
    replace(livedMs);
  }

  /** A worker that cannot run must not be restarted in a tight loop. */
  function replace(livedMs: number): void {
    shortLives = livedMs < SHORT_LIFE_MS ? shortLives + 1 : 0;
    const pause = shortLives < 2 ? 0 : Math.min(100 * 2 ** shortLives, LONGEST_PAUSE_MS);
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!draining) fork();
    }, pause);
    timers.add(timer);
  }

  return {
    get workers() {
      return [...alive.keys()];
    },
    get begun() {
      return [...begun];
    },
    send(message, only) {
      for (const [id, worker] of alive) {
        if ((only === undefined || id === only) && worker.isConnected()) worker.send(message);
      }
    },
    end(worker) {
      alive.get(worker)?.process.kill('SIGKILL');
    },
    async drain() {
      draining = true;
      clearInterval(watch);
      for (const timer of timers) clearTimeout(timer);
      if (alive.size === 0) return;
      for (const worker of alive.values()) if (worker.isConnected()) worker.send({ kind: 'drain' });
      const kill = setTimeout(() => {
        for (const worker of alive.values()) worker.process.kill('SIGKILL');
      }, limits().drainMs + KILL_AFTER_DRAIN_MS);
      await ended.promise;
      clearTimeout(kill);
    },
  };
}

/** Serves in this process: for embedding and for tests. */
export async function serveInProcess(hooks: WorkerPoolHooks): Promise<WorkerPool> {
  const spans = await startSpans(process.env);
  const drained = Promise.withResolvers<void>();
  const worker = new Worker(hooks.init(), hooks.logger, spans, (message) => {
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
