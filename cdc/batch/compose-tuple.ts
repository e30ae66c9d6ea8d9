/**
 * An UPDATE does not send large values that it did not change. With an older tuple of the same row the new one can be
 * completed: the newer values, and the older ones where none were sent. An unsent value is never null.
 */
import { locateColumn, NULL, readInt16, readInt32, UNCHANGED } from '../decode/tuple.ts';

export interface TuplePlace {
  readonly bytes: Buffer;
  readonly at: number;
}

/** The newer tuple completed from the older; what neither has stays unsent. @param columns only these, where given */
export function composeTuple(newer: TuplePlace, older: TuplePlace, columns?: readonly number[]): Buffer {
  const count = readInt16(newer.bytes, newer.at);
  const known = readInt16(older.bytes, older.at);
  const parts: Buffer[] = [newer.bytes.subarray(newer.at, newer.at + 2)];
  let next = newer.at + 2;
  for (let column = 0; column < count; column++) {
    const end = fieldEnd(newer.bytes, next);
    const isWanted = column < known && (columns === undefined || columns.includes(column));
    if (newer.bytes[next] === UNCHANGED && isWanted) {
      const place = locateColumn(older.bytes, older.at, column);
      parts.push(older.bytes.subarray(place, fieldEnd(older.bytes, place)));
    } else parts.push(newer.bytes.subarray(next, end));
    next = end;
  }
  return Buffer.concat(parts);
}

/** Which columns were sent, as a string of 0 and 1: the column set of the statement that applies the tuple. */
export function columnSet(bytes: Buffer, at: number): string {
  const columns = readInt16(bytes, at);
  let set = '';
  let next = at + 2;
  for (let column = 0; column < columns; column++) {
    set += bytes[next] === UNCHANGED ? '0' : '1';
    next = fieldEnd(bytes, next);
  }
  return set;
}

function fieldEnd(bytes: Buffer, place: number): number {
  const kind = bytes[place];
  return kind === NULL || kind === UNCHANGED ? place + 1 : place + 5 + readInt32(bytes, place + 1);
}
