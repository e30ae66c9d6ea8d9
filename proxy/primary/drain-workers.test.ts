import { expect, test } from 'vitest';
import { drainWorkers } from './drain-workers.ts';
import { WorkerBook } from './worker-book.ts';

/** What the log says of a drain. @param address empty where nothing was served */
async function drainLog(
  address: string,
  cut: number,
): Promise<[level: string, facts: object, text: string][]> {
  const lines: [string, object, string][] = [];
  const line = (level: string) => (facts: object, text: string) => void lines.push([level, facts, text]);
  const book = new WorkerBook();
  for (const worker of [1, 2])
    book.measured(worker, { ficus_requests_in_progress: worker, ficus_client_connections: 10 });
  const drain = async () => {
    workers.cut = cut;
  };
  const workers = { address, book, cut: 0, drain };
  await drainWorkers(workers, 30_000, { info: line('info'), warn: line('warn') } as never);
  return lines;
}

test('a drain is announced with what is in progress, and its end says that nothing was cut', async () => {
  expect(await drainLog('http://127.0.0.1:1', 0)).toEqual([
    ['info', { requests: 3, connections: 20, drainMs: 30_000 }, 'draining: requests in progress finish'],
    ['info', { cut: 0, durationMs: expect.any(Number) }, 'drained'],
  ]);
});

test('requests that were cut are a warning', async () => {
  expect((await drainLog('http://127.0.0.1:1', 2))[1]).toEqual([
    'warn',
    { cut: 2, durationMs: expect.any(Number) },
    expect.stringContaining('proxy.timeouts.drainMs'),
  ]);
});

test('a proxy that never served has nothing to drain', async () => {
  expect(await drainLog('', 0)).toEqual([]);
});
