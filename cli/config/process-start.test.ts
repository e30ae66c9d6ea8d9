import { expect, test } from 'vitest';
import { isStillRunning, ownHost, startIn, startOfProcess } from './process-start.ts';

const stat = (state: string, name = 'node') =>
  `4711 (${name}) ${state} 1 4711 4711 0 -1 4194560 9 0 0 0 7 1 0 0 20 0 11 0 123456 1 2 3`;

test.each(['node', 'a (b) c', ') R 1 2'])('the start is found behind the name %j', (name) => {
  expect(startIn(stat('S', name), 'boot')).toBe('boot 123456');
});

test('one that has ended, and that its parent has not waited for, has no start of its own', () => {
  expect([startIn(stat('Z'), 'boot'), startIn(stat('X'), 'boot')]).toEqual(['ended', 'ended']);
});

test('a process differs from a later one with its number, where its start is known', async () => {
  const start = await startOfProcess(process.pid);
  expect(await startOfProcess(process.pid)).toBe(start);
  expect(await isStillRunning(process.pid, start)).toBe(true);
  expect(await isStillRunning(process.pid, undefined)).toBe(true);
  expect(await isStillRunning(2 ** 30, start)).toBe(false);
});

test.runIf(process.platform === 'linux')('on Linux it is known', async () => {
  expect(await startOfProcess(process.pid)).toMatch(/^[0-9a-f-]{36} \d+$/);
  expect(await isStillRunning(process.pid, 'another boot 1')).toBe(false);
  expect(await ownHost()).toMatch(/^\S+ pid:\[\d+\]$/);
});
