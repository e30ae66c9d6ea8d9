import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startOpenLoop } from './open-loop.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('requests are due at an even rate, until the total', () => {
  const due: number[] = [];
  const startedAt = performance.now();
  startOpenLoop(100, 5, (dueAt) => due.push(dueAt - startedAt));
  vi.advanceTimersByTime(1_000);
  expect(due).toEqual([0, 10, 20, 30, 40]);
});

test('a loop that was held up sends what it missed, due when it should have been', () => {
  const late: number[] = [];
  const timers: (() => void)[] = [];
  vi.stubGlobal('setInterval', (tick: () => void) => timers.push(tick));
  const stop = startOpenLoop(100, Number.POSITIVE_INFINITY, (dueAt) => late.push(performance.now() - dueAt));
  vi.advanceTimersByTime(50);
  timers[0]!();
  stop();
  expect(late).toEqual([50, 40, 30, 20, 10, 0]);
});

test('a loop that was stopped sends nothing more', () => {
  const send = vi.fn();
  const stop = startOpenLoop(100, Number.POSITIVE_INFINITY, send);
  vi.advanceTimersByTime(20);
  const sent = send.mock.calls.length;
  stop();
  vi.advanceTimersByTime(1_000);
  expect(sent).toBeGreaterThan(0);
  expect(send).toHaveBeenCalledTimes(sent);
});
