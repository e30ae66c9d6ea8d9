/**
 * A log without a reader, as behind a collector that hangs or has exited: it takes bounded memory and blocks nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { LineSink } from '../../../proxy/worker/line-sink.ts';

const LINES = 20_000;
const MOST = 256 * 1024;
const LINE = `{"msg":"${'ü'.repeat(100)}"}\n`;
const LINE_BYTES = Buffer.byteLength(LINE);

let reader: ChildProcess | undefined;
afterEach(async () => {
  if (reader === undefined) return;
  const ended = reader.exitCode !== null || reader.signalCode !== null ? undefined : once(reader, 'exit');
  reader.kill('SIGKILL');
  await ended;
  reader = undefined;
});

/** A process behind a pipe, and the pipe's end here. */
async function startReader(program: string): Promise<number> {
  reader = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(reader, 'spawn');
  reader.stdin!.on('error', () => {});
  return (reader.stdin as unknown as { _handle: { fd: number } })._handle.fd;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('every line reaches its reader whole and in order', async () => {
  const fd = await startReader('process.stdin.pipe(process.stdout)');
  let dropped = 0;
  const sink = new LineSink({ fd, mostHeldBytes: 2 * MOST, onDropped: () => (dropped += 1) });
  let text = '';
  reader!.stdout!.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  for (let n = 0; n < 2_000; n += 1) {
    sink.write(`${n} ${LINE}`);
    if (n % 100 === 0) await turn();
  }
  await expect.poll(() => text.split('\n').length).toBe(2_001);
  expect(text.split('\n').slice(0, -1)).toEqual(
    Array.from({ length: 2_000 }, (_, n) => `${n} ${LINE.trimEnd()}`),
  );
  expect(dropped).toBe(0);
});

it('lines longer than a pipe takes whole arrive whole, also where the reader is slower', async () => {
  const fd = await startReader(`
    process.stdin.on('data', (piece) => {
      process.stdin.pause();
      process.stdout.write(piece, () => setImmediate(() => process.stdin.resume()));
    });`);
  let dropped = 0;
  const sink = new LineSink({ fd, mostHeldBytes: 64 * MOST, onDropped: () => (dropped += 1) });
  let text = '';
  reader!.stdout!.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const lines = Array.from({ length: 40 }, (_, n) => `${n} ${'ü'.repeat(n % 2 === 0 ? 100_000 : 10)}`);
  for (const line of lines) sink.write(`${line}\n`);
  await expect.poll(() => text.endsWith(`${lines.at(-1)}\n`)).toBe(true);
  expect(text.split('\n').slice(0, -1)).toEqual(lines);
  expect(dropped).toBe(0);
});

it('lines behind a stalled reader are dropped and counted, and ending does not wait for it', async () => {
  const fd = await startReader('setInterval(() => {}, 1000)');
  let dropped = 0;
  const sink = new LineSink({ fd, mostHeldBytes: MOST, onDropped: () => (dropped += 1) });
  for (let n = 0; n < LINES; n += 1) {
    sink.write(LINE);
    if (n % 500 === 0) await turn();
  }
  // Lines that are not dropped are held, or in the pipe, which takes some hundred kilobytes.
  expect(dropped).toBeGreaterThan(LINES / 2);
  expect((LINES - dropped) * LINE_BYTES).toBeLessThan(MOST + 1_048_576);
  const began = performance.now();
  sink.flush();
  expect(performance.now() - began).toBeLessThan(5_000);
});

it('a reader that exits ends nothing', async () => {
  const fd = await startReader('process.exit()');
  await once(reader!, 'exit');
  let dropped = 0;
  const sink = new LineSink({ fd, mostHeldBytes: MOST, onDropped: () => (dropped += 1) });
  await expect
    .poll(async () => {
      for (let n = 0; n < 50; n += 1) sink.write(LINE);
      await turn();
      return dropped;
    })
    .toBeGreaterThan(0);
  sink.flush();
});
