/**
 * Names of what a stream creates on the databases. Slot names are unique per cluster, hence the suffix. A publication
 * belongs to one database: its name holds only the slice, so that an administrator can create it beforehand. Streams of
 * the same slice share it.
 */
import { createHash } from 'node:crypto';
import { streamWord } from '@ficus/core';

export interface StreamNames {
  /** Key of the checkpoint on the target. */
  readonly stream: string;
  readonly slot: string;
  readonly publication: string;
  readonly applicationName: string;
}

/** `place` distinguishes streams of the same slice in one cluster; both processes of one stream use the same. */
export function nameStream(slice: string, direction: 'forward' | 'reverse', place: string): StreamNames {
  const suffix = createHash('sha256').update(`${slice}\0${place}`).digest('hex').slice(0, 8);
  const name = streamWord(slice, direction);
  return {
    stream: `${slice}/${direction}`,
    slot: `${name}_${suffix}`,
    publication: name,
    applicationName: nameApplication(slice, direction),
  };
}

/** Of its sessions on both databases. */
export function nameApplication(slice: string, direction: 'forward' | 'reverse' = 'forward'): string {
  const name = `ficus ${slice}`;
  return direction === 'forward' ? name.slice(0, 63) : `${name.slice(0, 58)} back`;
}

const STREAM_SLOT = '^ficus_[a-z0-9_]+_[0-9a-f]{8}$';

/** A condition of SQL: the slot is named like a stream's, of this installation or another. */
export function isStreamSlotSql(column: string): string {
  return `${column}::text ~ '${STREAM_SLOT}'`;
}

/** Whether a slot is named like one of the slice's stream in that direction, between whatever databases. */
export function isSlotOf(slice: string, slot: string, direction: 'forward' | 'reverse' = 'forward'): boolean {
  return isSlotOfPublication(nameStream(slice, direction, '').publication, slot);
}

export function isSlotOfPublication(publication: string, slot: string): boolean {
  return /_[0-9a-f]{8}$/.test(slot) && slot.slice(0, -9) === publication;
}
