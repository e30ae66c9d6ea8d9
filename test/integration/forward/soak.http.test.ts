/** A short soak: `node bench/proxy/soak.ts --seconds N` is the long one. */
import { expect, it } from 'vitest';
import { runSoak } from '../../../bench/proxy/soak/run-soak.ts';

it('mixed traffic with aborts, resets, slow readers and upstream restarts leaves nothing behind', async () => {
  const result = await runSoak(4_000, 16);
  expect(result.wrong).toEqual([]);
  expect(result.restarts).toBeGreaterThan(2);
  expect(result.descriptors.after).toBeLessThanOrEqual(result.descriptors.before);
  expect(result.ok).toBe(true);
});
