import { CUTOVER_STEPS, type CutoverStep } from '@ficus/core';
import { expect, test } from 'vitest';
import { windowOf } from './attempt-window.ts';

const startedAt = '2026-05-01T10:00:00.000Z';
const at = (ms: number) => Date.parse(startedAt) + ms;

/** Each step before the last one took 10 ms, and the last one so long. */
const steps = (last: CutoverStep, ms: number | null) =>
  CUTOVER_STEPS.map((step, index) => {
    const place = index - CUTOVER_STEPS.indexOf(last);
    if (place > 0) return { step, state: 'waiting' as const, ms: null };
    return { step, state: 'done' as const, ms: place < 0 ? 10 : ms };
  });

test('is the time from the hold to the release, without what comes before and after', () => {
  // arm and lease, then eight more until release; check follows.
  expect(windowOf({ startedAt, steps: steps('check', 500) })).toEqual({ from: at(20), to: at(100) });
});

test('of an attempt that ended in the hold, it is what the hold took', () => {
  expect(windowOf({ startedAt, steps: steps('hold', 2_000) })).toEqual({ from: at(20), to: at(2_020) });
});

test('an attempt that was refused kept none waiting', () => {
  expect(windowOf({ startedAt, steps: steps('arm', 3_000) })).toBeUndefined();
});
