/** A log that nobody reads, as behind a collector that hangs: its lines are held in bounded memory, and counted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { openWorkerLog, type WorkerLog } from '../../proxy/workers/worker-log.ts';

const LINES = 20_000;
const MOST = 256 * 1024;

let reader: ChildProcess | undefined;
let log: WorkerLog | undefined;
afterEach(async () => {
  reader?.kill('SIGKILL');
  if (reader) await once(reader, 'exit');
});

it('lines behind a reader that stands still are dropped and counted, not held', async () => {
  reader = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await once(reader, 'spawn');
  let dropped = 0;
  const { fd } = (reader.stdin as unknown as { _handle: { fd: number } })._handle;
  log = openWorkerLog({ level: 'info', fd, onDropped: () => (dropped += 1), mostHeldBytes: MOST });
  const line = { detail: 'x'.repeat(200) };
  for (let n = 0; n < LINES; n += 1) {
    log.logger.info(line, 'request');
    if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // What is not dropped is in the pipe, which takes some hundred kilobytes, or held.
  expect(dropped).toBeGreaterThan(LINES / 2);
  expect((LINES - dropped) * 200).toBeLessThan(MOST + 1_048_576);
});
