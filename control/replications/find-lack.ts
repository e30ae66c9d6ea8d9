/** What a slice's other side lacks, by its change stream. */
import type { Lack, ReplicationStatus } from '@ficus/core';

/**
 * Undefined when it has everything, or is at most as far behind as a stream that runs by itself; null while that is not
 * known.
 * @param copied whether the first copy of every table is complete; undefined while not known
 */
export function findLack(
  { state, problem }: Pick<ReplicationStatus, 'state' | 'problem'>,
  copied: boolean | undefined,
): Lack | null | undefined {
  if (copied === false || state === 'copying') return 'rows';
  // One that tries again after it had stopped counts as stopped until it runs; without a problem none has begun.
  if (problem && state === 'stopped') return 'changes';
  return copied === undefined ? null : undefined;
}
