import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { LineSink } from './line-sink.ts';

const folder = mkdtempSync(join(tmpdir(), 'ficus-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Short ones, some with characters of several bytes, some longer than a pipe takes whole. */
const lines = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit: 'grapheme', maxLength: 400 }) },
    { weight: 1, arbitrary: fc.nat(12_000).map((length) => 'ü'.repeat(length)) },
  ),
  { minLength: 1, maxLength: 120 },
);

function open(fd: number, mostHeldBytes = 16_000_000) {
  const onDropped = vi.fn();
  return { sink: new LineSink({ fd, mostHeldBytes, onDropped }), dropped: () => onDropped.mock.calls.length };
}

test('a file gets every line, whole and in order', async () => {
  await fc.assert(
    fc.asyncProperty(lines, async (each) => {
      const path = join(folder, 'lines');
      const fd = openSync(path, 'w');
      const { sink, dropped } = open(fd);
      for (const line of each) sink.write(`${line}\n`);
      // Its time is limited, whatever the machine is doing.
      while ((await sink.end()) === 'held-up');
      sink.flush();
      closeSync(fd);
      expect(readFileSync(path)).toEqual(Buffer.from(each.map((line) => `${line}\n`).join('')));
      expect(dropped()).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test.skipIf(process.platform === 'win32')(
  'a pipe gets every line, too, however slowly it is read',
  async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const fd = openSync(path, 'w');
    const { sink, dropped } = open(fd);
    // More than the pipe and its reader hold.
    const sent = Array.from(
      { length: 3_000 },
      (_, at) => `${at} ${'x'.repeat(at % 600)}${at % 50 === 0 ? 'é' : ''}\n`,
    );
    for (const line of sent) sink.write(line);
    const whole = Buffer.from(sent.join(''));
    const read = readBytes(reader.stdout, whole.length);
    // `end` has a limited time, and `flush` would keep this process from reading: the sink's own timers deliver the rest.
    const [got] = await Promise.all([read, sink.end()]);
    sink.flush();
    expect(Buffer.compare(got, whole)).toBe(0);
    expect(dropped()).toBe(0);
    closeSync(fd);
    reader.kill();
    await once(reader, 'exit');
  },
);

async function readBytes(stream: Readable, count: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    length += piece.length;
    if (length >= count) break;
  }
  return Buffer.concat(pieces);
}

test.skipIf(process.platform !== 'linux')(
  'lines of several processes on one socket do not mix, however slowly it is read',
  async () => {
    const program = `
      import { LineSink } from ${JSON.stringify(join(import.meta.dirname, 'line-sink.ts'))};
      const name = process.argv[1];
      const sink = new LineSink({ fd: 1, mostHeldBytes: 16_000_000, onDropped: () => process.exit(1) });
      for (let at = 0; at < 4_000; at += 1) sink.write(name + at + ' ' + name.repeat(at % 600) + '\\n');
      while ((await sink.end()) === 'held-up');
      process.exit(0);`;
    const names = ['a', 'b', 'c'];
    const shell = names.map((name) => `"$0" --input-type=module -e "$1" ${name} &`).join(' ');
    // Node gives its children a Unix socket where others would give a pipe.
    const writers = spawn('sh', ['-c', `${shell} wait`, process.execPath, program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const piece of writers.stdout) {
      text += piece;
      await sleep(1);
    }
    const read = text.split('\n').slice(0, -1);
    const whole = names.map((name) =>
      Array.from({ length: 4_000 }, (_, at) => `${name}${at} ${name.repeat(at % 600)}`),
    );
    expect(names.map((name) => read.filter((line) => line.startsWith(name)))).toEqual(whole);
  },
  30_000,
);

test('what does not fit is dropped and said', async () => {
  const path = join(folder, 'few');
  const fd = openSync(path, 'w');
  const { sink, dropped } = open(fd, 10);
  sink.write('12345\n');
  sink.write('678901\n');
  sink.write('abc\n');
  expect(dropped()).toBe(1);
  while ((await sink.end()) === 'held-up');
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('12345\nabc\n');
});

test.skipIf(process.platform === 'win32')(
  'a full disk: what does not fit in memory is dropped, and lines are written when there is room again',
  async () => {
    const path = join(folder, 'full');
    const program = `
      import { LineSink } from ${JSON.stringify(join(import.meta.dirname, 'line-sink.ts'))};
      let at = 0;
      const sink = new LineSink({ fd: 1, mostHeldBytes: 20_000, onDropped: () => process.send(at) });
      setInterval(() => sink.write(++at + ' ' + 'x'.repeat(1_000) + '\\n'), 20);`;
    // A file that may not grow refuses as a full disk does; emptied by logrotate, it has room again.
    const shell = 'ulimit -S -f 100; exec "$0" --input-type=module -e "$1" >> "$2"';
    const writer = spawn('sh', ['-c', shell, process.execPath, program, path], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void writer.kill());
    const [dropped] = (await once(writer, 'message')) as [number];
    truncateSync(path);
    const last = () => Number.parseInt(readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '', 10);
    await expect.poll(last).toBeGreaterThan(dropped);
  },
  20_000,
);
