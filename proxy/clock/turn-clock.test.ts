import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { turnEpoch, turnNow } from './turn-clock.ts';

/** Blocks the event loop until the clock of the machine has moved on. */
function work(): void {
  const until = performance.now() + 5;
  while (performance.now() < until);
}

it('does not change within a turn of the event loop, and is right in the next', async () => {
  const began = performance.now();
  const [now, epoch] = [turnNow(), turnEpoch()];
  expect(now).toBeGreaterThanOrEqual(began);
  expect(Math.abs(epoch - Date.now())).toBeLessThan(1_000);
  work();
  expect([turnNow(), turnEpoch()]).toEqual([now, epoch]);
  // Microtasks are of the same turn.
  await Promise.resolve();
  expect(turnNow()).toBe(now);
  await nextTurn();
  expect(turnNow()).toBeGreaterThanOrEqual(now + 5);
  expect(turnEpoch()).toBeGreaterThanOrEqual(epoch + 4);
});
