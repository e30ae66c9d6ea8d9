/**
 * Builds one `text[]` parameter in PostgreSQL's binary array format. An element there is a length and bytes, just like
 * a value in a tuple of the stream, so values are copied without being decoded.
 */
import { NULL, readInt32, TEXT } from '../decode/tuple.ts';

const HEADER = 20;
const TEXT_OID = 25;

export class TextArray {
  #bytes = Buffer.allocUnsafe(4096);
  #end = HEADER;
  #count = 0;

  /** Appends the value whose kind byte is at `place`: null, or text. */
  appendField(source: Buffer, place: number): void {
    this.#count++;
    if (source[place] !== TEXT) {
      this.#reserve(4);
      this.#bytes.fill(0xff, this.#end, this.#end + 4);
      this.#end += 4;
      if (source[place] !== NULL) throw new Error('a value that was not sent cannot be applied');
      return;
    }
    const length = 4 + readInt32(source, place + 1);
    this.#reserve(length);
    if (length > 48) source.copy(this.#bytes, this.#end, place + 1, place + 1 + length);
    else copyShort(source, place + 1, this.#bytes, this.#end, length);
    this.#end += length;
  }

  appendText(value: string | null): void {
    this.#count++;
    const length = value === null ? 0 : Buffer.byteLength(value);
    this.#reserve(4 + length);
    this.#bytes.writeInt32BE(value === null ? -1 : length, this.#end);
    if (value !== null) this.#bytes.utf8Write(value, this.#end + 4);
    this.#end += 4 + length;
  }

  /** The parameter. Shares memory with the builder: bind it before the next use. */
  finish(): Buffer {
    this.#bytes.writeInt32BE(this.#count === 0 ? 0 : 1, 0);
    this.#bytes.writeInt32BE(1, 4);
    this.#bytes.writeInt32BE(TEXT_OID, 8);
    this.#bytes.writeInt32BE(this.#count, 12);
    this.#bytes.writeInt32BE(1, 16);
    return this.#bytes.subarray(0, this.#count === 0 ? 12 : this.#end);
  }

  reset(): void {
    // One huge batch must not keep its memory forever.
    if (this.#bytes.length > 8 * 1024 * 1024) this.#bytes = Buffer.allocUnsafe(4096);
    this.#end = HEADER;
    this.#count = 0;
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + length));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

/** For a few bytes a loop is cheaper than the call into the runtime. */
function copyShort(source: Buffer, from: number, target: Buffer, to: number, length: number): void {
  for (let place = 0; place < length; place++) target[to + place] = source[from + place]!;
}
