import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from './with-file-lock.ts';

/** Above the highest process id that Linux, macOS and Windows assign. */
const ENDED_PID = 2 ** 30;

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ficus-lock-'));
  file = join(directory, 'flags.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const lockedBy = (pid: number, host = hostname(), at = new Date().toISOString()) =>
  writeFile(`${file}.lock`, JSON.stringify({ pid, host, at }));

/** A change that must not run beside another. */
function aloneChange(): () => Promise<string> {
  let running = 0;
  return async () => {
    running += 1;
    expect(running).toBe(1);
    await new Promise(setImmediate);
    running -= 1;
    return 'changed';
  };
}

test('one change runs at a time, and the lock is gone after a failure too', async () => {
  const change = aloneChange();
  await Promise.all(Array.from({ length: 8 }, () => withFileLock(file, change)));
  await expect(withFileLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(directory)).toEqual([]);
});

test.each([
  ['an ended process', ENDED_PID, undefined],
  ['an earlier process with the same id', process.pid, '2020-01-01T00:00:00.000Z'],
])('the lock of %s is replaced, by one change at a time', async (_, pid, at) => {
  await lockedBy(pid, hostname(), at);
  const change = aloneChange();
  const changes = await Promise.all(Array.from({ length: 8 }, () => withFileLock(file, change)));
  expect(changes).toEqual(Array(8).fill('changed'));
  expect(await readdir(directory)).toEqual([]);
});

test.each(['', '{"pid":1'])(
  'a lock of which %j was written before its holder was killed is replaced',
  async (text) => {
    const lock = `${file}.lock`;
    await writeFile(lock, text);
    await expect(withFileLock(file, async () => undefined, 50)).rejects.toThrow(
      'a process that is not named',
    );
    const minuteAgo = new Date(Date.now() - 60_000);
    await utimes(lock, minuteAgo, minuteAgo);
    expect(await withFileLock(file, async () => 'changed')).toBe('changed');
    expect(await readdir(directory)).toEqual([]);
  },
);

test('a lock that cannot be read may have a holder that works: it stays', async () => {
  // A directory in its place cannot be read by any account, root included.
  const lock = `${file}.lock`;
  await mkdir(lock);
  const minuteAgo = new Date(Date.now() - 60_000);
  await utimes(lock, minuteAgo, minuteAgo);
  await expect(withFileLock(file, async () => undefined, 50)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_LOCKED',
  });
  expect(await readdir(directory)).toEqual([basename(lock)]);
});

test.each([
  ['a running process', process.ppid, hostname()],
  ['a process on another host', ENDED_PID, 'elsewhere'],
])('a lock held by %s ends the wait with the name of its holder', async (_, pid, host) => {
  await lockedBy(pid, host);
  await expect(withFileLock(file, async () => undefined, 50)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_LOCKED',
    message: expect.stringContaining(`is being changed by process ${pid} on ${host} since `),
  });
  expect(await readdir(directory)).toEqual(['flags.json.lock']);
});

test('a process that was killed while it removed a stale lock left another one, and the refusal names that', async () => {
  await lockedBy(ENDED_PID, hostname());
  await rename(`${file}.lock`, `${file}.lock.removal`);
  await lockedBy(ENDED_PID, hostname());
  await expect(withFileLock(file, async () => undefined, 50)).rejects.toMatchObject({
    code: 'FICUS_FLAGS_FILE_LOCKED',
    message: expect.stringContaining(`(lock file ${file}.lock.removal)`),
  });
  await rm(`${file}.lock.removal`);
  expect(await withFileLock(file, async () => 'changed')).toBe('changed');
});
