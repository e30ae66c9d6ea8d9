/**
 * Converts rows of COPY into tuples of the stream, so that the same code applies both. The binary format of columns
 * cast to text is nearly a tuple already; the text format goes from server to server unchanged, and is split only when
 * rows of a chunk have to be dropped.
 */
import { encodeTuple, NULL, TEXT, type TupleValue } from '../decode/tuple.ts';

const BINARY_HEADER = 19;

/** Tuples of a binary COPY, one after the other in one buffer, and where each begins. */
export function readBinaryRows(data: Buffer): { bytes: Buffer; places: number[] } {
  // Only a kind byte before each field is missing; null becomes shorter.
  const places: number[] = [];
  const bytes = Buffer.allocUnsafe(Math.ceil(data.length * 1.25) + 64);
  let at = BINARY_HEADER;
  let end = 0;
  for (;;) {
    const fields = data.readInt16BE(at);
    if (fields < 0) break;
    places.push(end);
    bytes.writeInt16BE(fields, end);
    at += 2;
    end += 2;
    for (let field = 0; field < fields; field++) {
      const length = data.readInt32BE(at);
      if (length < 0) {
        bytes[end++] = NULL;
        at += 4;
        continue;
      }
      bytes[end++] = TEXT;
      data.copy(bytes, end, at, at + 4 + length);
      at += 4 + length;
      end += 4 + length;
    }
  }
  return { bytes: bytes.subarray(0, end), places };
}

/** Where the lines of a text COPY begin; the last entry is the end. */
export function findLines(data: Buffer): number[] {
  const starts = [0];
  for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

/** The values of one line of a text COPY (without its newline). */
export function parseLine(data: Buffer, from: number, to: number): TupleValue[] {
  return data
    .utf8Slice(from, to)
    .split('\t')
    .map((field) => (field === '\\N' ? null : field.includes('\\') ? readEscapes(field) : field));
}

export function lineToTuple(data: Buffer, from: number, to: number): Buffer {
  return encodeTuple(parseLine(data, from, to));
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function readEscapes(field: string): string {
  return field.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}
