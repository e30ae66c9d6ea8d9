import { describe, expect, test } from 'vitest';
import { ApplyPause } from './apply-pause.ts';

describe('a paused stream', () => {
  test('applies nothing, then what lies before the position, then stops', async () => {
    let signals = 0;
    const pause = new ApplyPause(() => signals++);
    expect(pause.stops(1n)).toBe(true);
    const reached = pause.reach(10n, 60_000);
    expect(signals).toBe(1);
    expect([pause.stops(9n), pause.stops(10n)]).toEqual([false, true]);
    pause.reachedBefore(9n);
    pause.reachedBefore(12n);
    expect(await reached).toBe(true);
    pause.resume();
    expect(pause.stops(12n)).toBe(false);
  });

  test('answers false after the timeout, and when resumed early', async () => {
    const late = new ApplyPause(() => undefined);
    expect(await late.reach(10n, 1)).toBe(false);
    const given = new ApplyPause(() => undefined);
    const reached = given.reach(10n, 60_000);
    given.resume();
    expect(await reached).toBe(false);
  });
});
