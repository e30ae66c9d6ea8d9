import { expect, test } from 'vitest';
import type { WriteRecord } from '../load/write-record.ts';
import { clientPause } from './client-pause.ts';

const write = (dueAt: number, endedAt: number): WriteRecord => ({
  ...{ key: `mark ${dueAt}`, dueAt, endedAt, acknowledged: true, failure: '', side: 'legacy' },
});

test('the slowest write of the change, and the longest time without an answer', () => {
  // Answered each 100 ms, but for a hold from 1,020 to 1,270.
  const before = [400, 600, 700, 800, 900, 1_000].map((at) => write(at - 10, at));
  const held = write(1_030, 1_280);
  const after = [1_300, 1_400, 1_500, 1_600, 1_700, 1_800].map((at) => write(at - 10, at));
  const slowLongAfter = write(2_500, 3_000);
  expect(clientPause([...before, held, ...after, slowLongAfter], { from: 1_020, to: 1_270 })).toEqual({
    writes: 11,
    slowestMs: 250,
    longestGapMs: 280,
  });
});

test('without writes nothing is claimed', () => {
  expect(clientPause([], { from: 0, to: 100 })).toMatchObject({ writes: 0, slowestMs: 0 });
});
