import { describe, expect, test } from 'vitest';
import { HoldPoint } from './hold-point.ts';

describe('a stream that is held', () => {
  test('applies nothing more, then what lies before the position, then stands', async () => {
    let signals = 0;
    const hold = new HoldPoint(() => signals++);
    expect(hold.stops(1n)).toBe(true);
    const reached = hold.reach(10n, 60_000);
    expect(signals).toBe(1);
    expect([hold.stops(9n), hold.stops(10n)]).toEqual([false, true]);
    hold.standsBefore(9n);
    hold.standsBefore(12n);
    expect(await reached).toBe(true);
    hold.release();
    expect(hold.stops(12n)).toBe(false);
  });

  test('is let go after the time, and when the one who holds it gives up', async () => {
    const late = new HoldPoint(() => undefined);
    expect(await late.reach(10n, 1)).toBe(false);
    const given = new HoldPoint(() => undefined);
    const reached = given.reach(10n, 60_000);
    given.release();
    expect(await reached).toBe(false);
  });
});
