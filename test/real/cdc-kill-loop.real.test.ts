/** A short kill loop: the same that `npm run kill-loop` runs for hours. */
import { expect, test } from 'vitest';
import { runKillLoop } from '../faults/kill-loop.ts';

test('nothing is lost and nothing doubled, whatever is killed', async () => {
  const result = await runKillLoop({ rounds: 12, seed: 7 });
  expect(result.examples).toEqual([]);
  expect(result).toMatchObject({ lost: 0, doubled: 0 });
  expect(result.committed).toBeGreaterThan(300);
  expect(result.deaths).toBeGreaterThan(0);
});
