/** The proof of the kill loop's oracle: it finds each fault planted in the engine. Chance decides in which round. */
import { expect, test } from 'vitest';
import { runMutants } from '../faults/kill-loop.ts';

test('each fault planted in the engine is found', async () => {
  const results = await runMutants(3, 40);
  expect(results.length).toBeGreaterThan(3);
  expect(results.filter((result) => !result.caught)).toEqual([]);
});
