import cluster, { type Worker as WorkerProcess } from 'node:cluster';
import { EventEmitter } from 'node:events';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PrimaryMessage, WorkerMessage } from '../worker/worker-messages.ts';
import { forkWorkers, type WorkerPool } from './worker-pool.ts';

/** A worker controlled by the test. */
class FakeWorker extends EventEmitter {
  readonly process: { readonly pid: number | undefined; readonly kill: () => void };
  connected = true;
  readonly id: number;
  readonly sent: string[] = [];

  constructor(id: number, pid: number | undefined) {
    super();
    this.id = id;
    this.process = { pid, kill: () => killed.push(this.id) };
  }

  isConnected(): boolean {
    return this.connected;
  }

  send({ kind }: PrimaryMessage): void {
    this.sent.push(kind);
  }

  say(message: WorkerMessage): void {
    this.emit('message', message);
  }

  exit(code: number | null, signal: string | null = null): void {
    this.emit('exit', code, signal);
  }

  disconnect(): void {
    this.connected = false;
    this.emit('disconnect');
  }
}

/** A worker that exited is restarted within this. */
const LONGEST_PAUSE_MS = 5_000;

let forked: FakeWorker[];
let heard: string[];
let killed: number[];
/** Messages of the log. */
let logged: string[];
/** The primary is to stop. */
let stopping: boolean;

beforeEach(() => {
  [forked, heard, killed, logged] = [[], [], [], []];
  stopping = false;
  vi.useFakeTimers();
  vi.spyOn(cluster, 'setupPrimary').mockReturnValue(undefined);
  vi.spyOn(cluster, 'fork').mockImplementation(() => {
    forked.push(new FakeWorker(forked.length + 1, 7));
    return forked.at(-1) as unknown as WorkerProcess;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function startPool(count: number): WorkerPool {
  const hooks = {
    init: () => ({}) as never,
    onMessage: (worker: number, { kind }: WorkerMessage) => heard.push(`${worker} ${kind}`),
    onGone: (worker: number, asked: boolean) => heard.push(`${worker} gone${asked ? ' as asked' : ''}`),
    onCannotStart: (detail: string) => heard.push(detail),
    isStopping: () => stopping,
    logger: pino({ base: null }, { write: (line) => logged.push(JSON.parse(line).msg) }),
  };
  return forkWorkers(count, hooks, () => ({ drainMs: 1_000, workerMs: 1_000 }));
}

const begin: WorkerMessage = { kind: 'pin-begin', slice: 'notes', key: 'ann', ask: 1 };
const counts: WorkerMessage = { kind: 'counts', delta: undefined, pins: 0 };

test('a worker counts as exited once its last message is read, even if its exit was noticed before', async () => {
  const pool = startPool(1);
  forked[0]!.exit(1);
  forked[0]!.say(begin);
  forked[0]!.disconnect();
  expect(heard).toEqual(['1 pin-begin', '1 gone']);
  vi.advanceTimersByTime(LONGEST_PAUSE_MS);
  const drained = pool.drain();
  forked[1]!.disconnect();
  forked[1]!.exit(0);
  await drained;
});

test('a pool is drained when the last counts of all workers are read', async () => {
  const pool = startPool(2);
  let drained = false;
  const draining = pool.drain().then(() => {
    drained = true;
  });
  for (const worker of forked) worker.exit(0);
  for (const worker of forked) {
    worker.say(counts);
    await Promise.resolve();
    expect(drained).toBe(false);
    worker.disconnect();
  }
  await draining;
  expect(heard).toEqual(['1 counts', '1 gone as asked', '2 counts', '2 gone as asked']);
});

test('the third failed start in a row is reported; a worker that listens resets the count', async () => {
  const pool = startPool(1);
  const fail = (): void => {
    forked.at(-1)!.exit(1);
    forked.at(-1)!.disconnect();
    vi.advanceTimersByTime(LONGEST_PAUSE_MS);
  };
  fail();
  fail();
  forked.at(-1)!.say({ kind: 'listening', host: '127.0.0.1', port: 1 });
  fail();
  fail();
  fail();
  expect(heard.at(-1)).toBe('5 gone');
  fail();
  expect(heard.slice(-2)).toEqual(['6 gone', '3 workers exited before they listened (exit code 1).']);
  expect(forked).toHaveLength(7);
  const drained = pool.drain();
  fail();
  await drained;
});

test('a worker that hangs while it starts is ended', async () => {
  const pool = startPool(2);
  forked[0]!.say({ kind: 'ready' });
  forked[1]!.say({ kind: 'listening', host: '127.0.0.1', port: 1 });
  for (let second = 0; second < 59; second += 1) {
    vi.advanceTimersByTime(1_000);
    forked[1]!.say({ kind: 'gauges', values: {} });
  }
  expect(killed).toEqual([]);
  for (let second = 0; second < 2; second += 1) {
    forked[1]!.say({ kind: 'gauges', values: {} });
    vi.advanceTimersByTime(1_000);
  }
  expect(killed).toEqual([1]);
  const drained = pool.drain();
  for (const worker of forked) {
    worker.exit(0);
    worker.disconnect();
  }
  await drained;
});

test('connections end when no worker listens any more', async () => {
  const pool = startPool(3);
  const [first, second, third] = forked as [FakeWorker, FakeWorker, FakeWorker];
  const drained = pool.drain();
  first.say({ kind: 'listener-closed' });
  second.say({ kind: 'listener-closed' });
  expect([first.sent, second.sent]).toEqual([['drain'], ['drain']]);
  // It had not begun, and exits at once.
  third.disconnect();
  third.exit(0);
  expect([first.sent, second.sent]).toEqual([
    ['drain', 'end-connections'],
    ['drain', 'end-connections'],
  ]);
  for (const worker of [first, second]) {
    worker.disconnect();
    worker.exit(0);
  }
  await drained;
});

test('the others take the clients of a worker that drains alone', async () => {
  const pool = startPool(2);
  const [first, second] = forked as [FakeWorker, FakeWorker];
  first.say({ kind: 'listener-closed' });
  expect([first.sent, second.sent]).toEqual([['end-connections'], []]);
  for (const worker of forked) {
    worker.disconnect();
    worker.exit(0);
  }
  await pool.drain();
});

const channelError = (code: string) => Object.assign(new Error(`write ${code}`), { code });

test.each(['EPIPE', 'ECONNRESET', 'ERR_IPC_CHANNEL_CLOSED'])(
  'a worker that has left is no failed channel: %s',
  async (code) => {
    const pool = startPool(2);
    const drained = pool.drain();
    // The message comes too late; Node reports that before the exit.
    for (const worker of forked) {
      worker.emit('error', channelError(code));
      worker.disconnect();
      worker.exit(0);
    }
    await drained;
    expect(logged).toEqual([]);
  },
);

test('a channel that fails is logged', async () => {
  const pool = startPool(1);
  forked[0]!.emit('error', channelError('ENOBUFS'));
  expect(logged).toEqual(['worker channel failed']);
  expect(pool.workers).toEqual([1]);
  const drained = pool.drain();
  forked[0]!.disconnect();
  forked[0]!.exit(0);
  await drained;
});

test('a worker that leaves unasked is logged once, as an exit', async () => {
  const pool = startPool(1);
  forked[0]!.emit('error', channelError('EPIPE'));
  forked[0]!.disconnect();
  forked[0]!.exit(1);
  expect(logged).toEqual(['worker exited: starting another']);
  await pool.drain();
});

/** Like Node when the system cannot start a process: `error`, and never `exit`. */
function unspawned(): FakeWorker {
  const worker = new FakeWorker(forked.length + 1, undefined);
  worker.connected = false;
  queueMicrotask(() => worker.emit('error', channelError('EMFILE')));
  return worker;
}

test.each<[string, () => FakeWorker]>([
  ['reports an error', unspawned],
  [
    'throws',
    () => {
      throw channelError('ENOMEM');
    },
  ],
])('a start that %s is retried with back-off', async (_, fail) => {
  const pool = startPool(1);
  let attempts = 0;
  vi.mocked(cluster.fork).mockImplementation(() => {
    attempts += 1;
    if (attempts <= 3) return fail() as unknown as WorkerProcess;
    forked.push(new FakeWorker(forked.length + 1, 7));
    return forked.at(-1) as unknown as WorkerProcess;
  });
  forked[0]!.say({ kind: 'listening', host: '127.0.0.1', port: 1 });
  vi.advanceTimersByTime(10_000);
  forked[0]!.disconnect();
  forked[0]!.exit(1);
  await vi.advanceTimersByTimeAsync(300);
  expect(attempts).toBe(2);
  await vi.advanceTimersByTimeAsync(3 * LONGEST_PAUSE_MS);
  expect(attempts).toBe(4);
  expect(pool.workers).toEqual([forked.at(-1)!.id]);
  expect(heard.at(-1)).toMatch(/^3 workers could not be started \(write E/);
  expect(logged.slice(-3)).toEqual(Array(3).fill('worker cannot be started: trying again'));
  const drained = pool.drain();
  forked.at(-1)!.disconnect();
  forked.at(-1)!.exit(0);
  await drained;
});

test('a stop does not wait for a worker that never existed', async () => {
  vi.mocked(cluster.fork).mockImplementation(() => unspawned() as unknown as WorkerProcess);
  await startPool(1).drain();
});

test('no worker outlives the primary: those left are killed when it exits', async () => {
  const before = process.listeners('exit');
  const pool = startPool(2);
  const [onExit] = process.listeners('exit').filter((listener) => !before.includes(listener));
  const drained = pool.drain();
  forked[0]!.disconnect();
  forked[0]!.exit(0);
  onExit!(3);
  expect(killed).toEqual([2]);
  forked[1]!.disconnect();
  forked[1]!.exit(0);
  await drained;
  expect(process.listeners('exit')).toEqual(before);
});

test.each(['SIGINT', 'SIGHUP'])(
  'a worker that %s ends before it can leave that to the primary is started again without a word',
  async (signal) => {
    const pool = startPool(1);
    for (let time = 0; time < 4; time += 1) {
      forked.at(-1)!.exit(null, signal);
      forked.at(-1)!.disconnect();
      vi.advanceTimersByTime(LONGEST_PAUSE_MS);
    }
    expect([forked.length, logged]).toEqual([5, []]);
    expect(heard.filter((said) => said.includes('before they listened'))).toEqual([]);
    // One that has begun ignores it: what ends it then is a fault.
    forked.at(-1)!.say({ kind: 'ready' });
    forked.at(-1)!.exit(null, signal);
    forked.at(-1)!.disconnect();
    expect(logged).toEqual(['worker exited: starting another']);
    await pool.drain();
  },
);

test('while the primary is to stop, no end of a worker that has not begun is a fault', async () => {
  const pool = startPool(1);
  stopping = true;
  // What Node makes of a signal while it boots.
  forked[0]!.exit(null, 'SIGSEGV');
  forked[0]!.disconnect();
  vi.advanceTimersByTime(LONGEST_PAUSE_MS);
  expect([forked.length, logged]).toEqual([2, []]);
  forked[1]!.say({ kind: 'ready' });
  forked[1]!.exit(null, 'SIGSEGV');
  forked[1]!.disconnect();
  expect(logged).toEqual(['worker exited: starting another']);
  await pool.drain();
});
