/**
 * Writes a change stream as a server would, for tests: framed pgoutput messages of one table with three text columns.
 */
import { encodeTuple, type TupleValue } from '../decode/tuple.ts';

const OID = 16_384;

export class WireWriter {
  readonly #frames: Buffer[] = [];
  #lsn = 256n;
  readonly #full: boolean;

  /** `full`: REPLICA IDENTITY FULL, old rows are sent whole. */
  constructor(full: boolean) {
    this.#full = full;
    this.#describe();
  }

  begin(): void {
    const body = Buffer.alloc(21);
    body.write('B');
    body.writeBigUInt64BE(this.#lsn + 16n, 1);
    this.#send(body);
  }

  /** The end LSN of the transaction. */
  commit(): bigint {
    const body = Buffer.alloc(26);
    body.write('C');
    body.writeBigUInt64BE(this.#lsn + 16n, 2);
    body.writeBigUInt64BE(this.#lsn + 32n, 10);
    this.#send(body);
    this.#lsn += 32n;
    return this.#lsn;
  }

  insert(row: readonly TupleValue[]): void {
    this.#change('I', ['N', row]);
  }

  /** `unchanged`: the last column is large, and the update did not change it. */
  update(before: readonly TupleValue[], after: readonly TupleValue[], unchanged: boolean): void {
    const sent = unchanged ? [...after.slice(0, -1), undefined] : after;
    const moved = before[0] !== after[0];
    if (this.#full) this.#change('U', ['O', before], ['N', sent]);
    else if (moved) this.#change('U', ['K', keyOnly(before)], ['N', sent]);
    else this.#change('U', ['N', sent]);
  }

  delete(before: readonly TupleValue[]): void {
    this.#change('D', this.#full ? ['O', before] : ['K', keyOnly(before)]);
  }

  /** A transactional logical message. */
  message(prefix: string, content: string): void {
    const text = Buffer.from(content);
    this.#send(
      Buffer.concat([
        Buffer.from('M\x01'),
        Buffer.alloc(8),
        Buffer.from(`${prefix}\0`),
        int32(text.length),
        text,
      ]),
    );
  }

  finish(): Buffer {
    return Buffer.concat(this.#frames);
  }

  #describe(): void {
    const column = (name: string, key: boolean) =>
      Buffer.concat([
        Buffer.from([key ? 1 : 0]),
        Buffer.from(`${name}\0`),
        Buffer.from([0, 0, 0, 25, 255, 255, 255, 255]),
      ]);
    this.#send(
      Buffer.concat([
        Buffer.from('R'),
        int32(OID),
        Buffer.from(`public\0t\0${this.#full ? 'f' : 'd'}`),
        Buffer.from([0, 3]),
        column('id', true),
        column('small', this.#full),
        column('large', this.#full),
      ]),
    );
  }

  #change(type: string, ...tuples: [string, readonly TupleValue[]][]): void {
    const parts = tuples.flatMap(([kind, values]) => [Buffer.from(kind), encodeTuple(values)]);
    this.#send(Buffer.concat([Buffer.from(type), int32(OID), ...parts]));
  }

  #send(message: Buffer): void {
    const head = Buffer.alloc(25);
    head.write('w');
    this.#frames.push(Buffer.from('d'), int32(29 + message.length), head, message);
  }
}

function keyOnly(row: readonly TupleValue[]): TupleValue[] {
  return row.map((value, place) => (place === 0 ? value : null));
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
