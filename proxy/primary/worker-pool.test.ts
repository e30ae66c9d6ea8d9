import cluster, { type Worker as WorkerProcess } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../observe/create-logger.ts';
import type { PrimaryMessage, WorkerMessage } from '../worker/worker-messages.ts';
import { forkWorkers, type WorkerPool } from './worker-pool.ts';

/** A worker controlled by the test. */
class FakeWorker extends EventEmitter {
  readonly process = { kill: () => killed.push(this.id) };
  connected = true;
  readonly id: number;
  readonly sent: string[] = [];

  constructor(id: number) {
    super();
    this.id = id;
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

  exit(code: number): void {
    this.emit('exit', code, null);
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

beforeEach(() => {
  [forked, heard, killed] = [[], [], []];
  vi.useFakeTimers();
  vi.spyOn(cluster, 'setupPrimary').mockReturnValue(undefined);
  vi.spyOn(cluster, 'fork').mockImplementation(() => {
    forked.push(new FakeWorker(forked.length + 1));
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
    logger: createLogger('silent'),
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
