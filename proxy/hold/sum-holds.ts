/**
 * What a proxy acknowledges of one slice: the sum over its workers. Pure. A worker that has its initial state and has not
 * reported yet may still send writes as before: then nothing is acknowledged.
 */
import type { SliceHold } from '@ficus/core';
import { sumEndless } from './sum-endless.ts';

/**
 * @param workers what each worker that may send writes has reported last; undefined for one that has not
 * @param orphaned writes of workers that have ended, which may still be executed
 * @returns undefined while not all workers have applied this attempt
 */
export function sumHolds(
  attempt: number,
  applied: SliceHold['writes'],
  workers: readonly (SliceHold | undefined)[],
  orphaned: number,
): SliceHold | undefined {
  const sum = { inFlight: orphaned, orphaned, held: 0, heldBytes: 0, full: false };
  let writes = applied;
  for (const worker of workers) {
    if (worker?.attempt !== attempt) return undefined;
    if (worker.writes === 'leased') writes = 'leased';
    sum.inFlight += worker.inFlight;
    sum.orphaned += worker.orphaned ?? 0;
    sum.held += worker.held;
    sum.heldBytes += worker.heldBytes;
    sum.full ||= worker.full;
  }
  const endless = sumEndless(workers.map((worker) => worker?.endless));
  return { attempt, writes, ...sum, ...(endless ? { endless } : {}) };
}
