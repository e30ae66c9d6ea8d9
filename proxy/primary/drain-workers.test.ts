import { expect, test } from 'vitest';
import { drainWorkers } from './drain-workers.ts';
import { WorkerBook } from './worker-book.ts';

/** How one of the workers of the test ends: with this many requests cut, or without a word. */
type End = number | 'silent' | 'before it served';

/** What the log says of a drain. @param address empty where nothing was served */
async function drainLog(
  address: string,
  ends: readonly End[],
): Promise<[level: string, facts: object, text: string][]> {
  const lines: [string, object, string][] = [];
  const line = (level: string) => (facts: object, text: string) => void lines.push([level, facts, text]);
  const book = new WorkerBook();
  for (const [worker, end] of ends.entries()) {
    if (end === 'before it served') continue;
    book.listens(worker);
    book.measured(worker, { ficus_requests_in_progress: worker + 1, ficus_client_connections: 10 });
  }
  const drain = async () => {
    book.drainBegins();
    for (const [worker, end] of ends.entries()) {
      if (typeof end === 'number') book.drained(worker, end);
      book.gone(worker);
    }
    return book.drainEnd;
  };
  await drainWorkers({ address, book, drain }, 30_000, { info: line('info'), warn: line('warn') } as never);
  return lines;
}

const ADDRESS = 'http://127.0.0.1:1';
const durationMs = expect.any(Number);

test('a drain is announced with what is in progress, and its end says that nothing was cut', async () => {
  expect(await drainLog(ADDRESS, [0, 0])).toEqual([
    ['info', { requests: 3, connections: 20, drainMs: 30_000 }, 'draining: requests in progress finish'],
    ['info', { cut: 0, durationMs }, 'drained'],
  ]);
});

test('requests that were cut are a warning', async () => {
  expect((await drainLog(ADDRESS, [2, 0]))[1]).toEqual([
    'warn',
    { cut: 2, durationMs },
    expect.stringContaining('proxy.timeouts.drainMs'),
  ]);
});

test('what a worker that ended without a report has cut is unknown, and not nothing', async () => {
  expect((await drainLog(ADDRESS, [1, 'silent', 'silent']))[1]).toEqual([
    'warn',
    { cut: null, leastCut: 1, silentWorkers: 2, lastInProgress: 5, durationMs },
    expect.stringContaining('unknown'),
  ]);
});

test('a worker that ends before it serves has nothing to cut', async () => {
  expect((await drainLog(ADDRESS, [0, 'before it served']))[1]).toEqual([
    'info',
    { cut: 0, durationMs },
    'drained',
  ]);
});

test('what workers cut or lost before the stop is not of the stop', async () => {
  const book = new WorkerBook();
  for (const worker of [1, 2]) book.listens(worker);
  book.drained(1, 3);
  for (const worker of [1, 2]) book.gone(worker);
  book.drainBegins();
  expect(book.drainEnd).toEqual({ cut: 0, silent: 0, lastInProgress: 0 });
});

test('a proxy that never served has nothing to drain', async () => {
  expect(await drainLog('', [0])).toEqual([]);
});
