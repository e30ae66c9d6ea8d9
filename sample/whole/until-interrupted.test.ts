import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { untilInterrupted } from './until-interrupted.ts';

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const others = new Map(NAMES.map((name) => [name, process.listeners(name)]));
let now: number;
let kill: ReturnType<typeof vi.spyOn>;
let said: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  said = vi.spyOn(console, 'error').mockReturnValue(undefined);
  for (const name of NAMES) process.removeAllListeners(name);
});
afterEach(() => {
  for (const name of NAMES) {
    process.removeAllListeners(name);
    for (const listener of others.get(name) ?? []) process.on(name, listener);
  }
  vi.restoreAllMocks();
});

test('npm’s echo of a Ctrl-C is not a second one', () => {
  const { signal } = untilInterrupted();
  process.emit('SIGINT');
  now = 20;
  process.emit('SIGINT');
  expect([signal.aborted, kill.mock.calls, said.mock.calls.length]).toEqual([true, [], 1]);
});

test('a later one ends the process at once', () => {
  untilInterrupted();
  process.emit('SIGINT');
  now = 1500;
  process.emit('SIGINT');
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
});

test('a terminal that closes sends several kinds: things stop once', () => {
  untilInterrupted();
  process.emit('SIGHUP');
  process.emit('SIGTERM');
  expect([kill.mock.calls, said.mock.calls.length]).toEqual([[], 1]);
});
