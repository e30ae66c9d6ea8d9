/**
 * Tuples as pgoutput writes them, left where they are: a tuple is a place in a buffer. Nothing here makes a string
 * unless asked to; most values travel from the source's socket to the target's without ever being one.
 *
 *     int16 number of columns, then for each: 'n' (null) | 'u' (unchanged TOAST, not sent) | 't' int32 length, bytes
 */
declare global {
  // Node's own, undocumented but stable; a third of the cost of toString().
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> extends Uint8Array<TArrayBuffer> {
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
    utf8Write(text: string, offset: number): number;
  }
}

export const NULL = 0x6e;
export const UNCHANGED = 0x75;
export const TEXT = 0x74;

export function readInt16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Where the tuple ends. */
export function skipTuple(bytes: Uint8Array, at: number): number {
  const columns = readInt16(bytes, at);
  let next = at + 2;
  for (let column = 0; column < columns; column++) {
    const kind = bytes[next]!;
    next += kind === NULL || kind === UNCHANGED ? 1 : 5 + readInt32(bytes, next + 1);
  }
  return next;
}

/** Whether the tuple lacks a value because an UPDATE did not change it. */
export function hasUnchanged(bytes: Uint8Array, at: number): boolean {
  const columns = readInt16(bytes, at);
  let next = at + 2;
  for (let column = 0; column < columns; column++) {
    const kind = bytes[next]!;
    if (kind === UNCHANGED) return true;
    next += kind === NULL ? 1 : 5 + readInt32(bytes, next + 1);
  }
  return false;
}

/** Where the column begins: the byte of its kind. */
export function locateColumn(bytes: Uint8Array, at: number, column: number): number {
  let next = at + 2;
  for (let before = 0; before < column; before++) {
    const kind = bytes[next]!;
    next += kind === NULL || kind === UNCHANGED ? 1 : 5 + readInt32(bytes, next + 1);
  }
  return next;
}

/**
 * A map key that is equal exactly when the named columns are equal byte for byte. `columns` ascends.
 * A single number of up to fifteen digits becomes a number: cheaper to make and to look up.
 */
export function tupleKey(bytes: Buffer, at: number, columns: readonly number[]): string | number {
  if (columns.length === 1) {
    const place = columns[0] === 0 ? at + 2 : locateColumn(bytes, at, columns[0]!);
    if (bytes[place] !== TEXT) return bytes[place] === NULL ? 'n' : 'u';
    const length = readInt32(bytes, place + 1);
    const from = place + 5;
    const digits = length < 16 ? parseDigits(bytes, from, length) : -1;
    return digits >= 0 ? digits : `t${bytes.latin1Slice(from, from + length)}`;
  }
  let key = '';
  let next = at + 2;
  let column = 0;
  for (const wanted of columns) {
    for (; column < wanted; column++) {
      const kind = bytes[next]!;
      next += kind === NULL || kind === UNCHANGED ? 1 : 5 + readInt32(bytes, next + 1);
    }
    const end = bytes[next] === TEXT ? next + 5 + readInt32(bytes, next + 1) : next + 1;
    key += bytes.latin1Slice(next, end);
    next = end;
    column++;
  }
  return key;
}

/** Whether a column of the key has another value after than before; a value that was not sent is the one of before. */
export function keyDiffers(
  bytes: Buffer,
  before: number,
  after: number,
  columns: readonly number[],
): boolean {
  if (tupleKey(bytes, before, columns) === tupleKey(bytes, after, columns)) return false;
  return columns.some(
    (column) =>
      bytes[locateColumn(bytes, after, column)] !== UNCHANGED &&
      tupleKey(bytes, before, [column]) !== tupleKey(bytes, after, [column]),
  );
}

/** The number, when the text is its canonical form and not zero; else −1. */
function parseDigits(bytes: Uint8Array, from: number, length: number): number {
  if (length === 0 || bytes[from] === 0x30) return -1;
  let value = 0;
  for (let place = from; place < from + length; place++) {
    const digit = bytes[place]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A value of a decoded tuple: text, null, or undefined for an unchanged one that was not sent. */
export type TupleValue = string | null | undefined;

/** The whole tuple as strings; for messages, mappings in TypeScript, and tests. */
export function decodeTuple(bytes: Buffer, at: number): TupleValue[] {
  const columns = readInt16(bytes, at);
  const values: TupleValue[] = [];
  let next = at + 2;
  for (let column = 0; column < columns; column++) {
    const kind = bytes[next]!;
    if (kind === NULL || kind === UNCHANGED) {
      values.push(kind === NULL ? null : undefined);
      next += 1;
    } else {
      const length = readInt32(bytes, next + 1);
      values.push(bytes.utf8Slice(next + 5, next + 5 + length));
      next += 5 + length;
    }
  }
  return values;
}

/** The inverse of decodeTuple. */
export function encodeTuple(values: readonly TupleValue[]): Buffer {
  const parts: Buffer[] = [];
  const head = Buffer.alloc(2);
  head.writeInt16BE(values.length);
  parts.push(head);
  for (const value of values) {
    if (value === null || value === undefined) parts.push(Buffer.from(value === null ? 'n' : 'u'));
    else {
      const text = Buffer.from(value, 'utf8');
      const field = Buffer.alloc(5);
      field[0] = TEXT;
      field.writeInt32BE(text.length, 1);
      parts.push(field, text);
    }
  }
  return Buffer.concat(parts);
}
