import { expect, test } from 'vitest';
import { waitUntil } from './wait-until.ts';

/** The pauses that a wait makes. @param stepMs how far the clock moves each time it is read, beside the pauses */
async function pausesUntil(dueMs: number, stepMs: number, stopsAfter = Number.POSITIVE_INFINITY) {
  const pauses: number[] = [];
  let clockMs = 0;
  const now = () => {
    clockMs += stepMs;
    return clockMs;
  };
  const sleep = async (ms: number) => {
    clockMs += ms;
    pauses.push(ms);
  };
  await waitUntil(dueMs, () => pauses.length >= stopsAfter, now, sleep);
  return pauses;
}

test('it looks each tenth of a second', async () => {
  expect(await pausesUntil(250, 0)).toEqual([100, 100, 50]);
});

test('a stop ends it at the next look', async () => {
  expect(await pausesUntil(10_000, 0, 2)).toEqual([100, 100]);
});

test.each([1.5, 49.9, 99])(
  'a clock that moves %s ms while it is read makes no negative pause',
  async (step) => {
    for (let dueMs = 1; dueMs < 300; dueMs += 0.7)
      for (const pause of await pausesUntil(dueMs, step)) expect(pause).toBeGreaterThan(0);
  },
);
