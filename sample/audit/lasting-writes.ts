/** Of the writes that clients made, those that a database must still hold at the end. Pure. */
import { isReplaceable, placeOf } from '../load/write-keys.ts';
import type { WriteRecord } from '../load/write-record.ts';

/**
 * Each acknowledged write once; of those that replace one another only the last. Where the last one failed, what is there
 * now is known to no client, and not looked for.
 */
export function lastingWrites(writes: readonly WriteRecord[]): WriteRecord[] {
  const last = new Map<string, WriteRecord>();
  for (const write of writes.toSorted((a, b) => a.endedAt - b.endedAt))
    if (write.acknowledged || isReplaceable(write.key)) last.set(placeOf(write.key), write);
  return [...last.values()].filter(({ acknowledged }) => acknowledged);
}
