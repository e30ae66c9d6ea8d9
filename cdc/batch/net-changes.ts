/**
 * What a batch does to one table in the end: one entry per key. The first change of a key says whether the target has
 * the row before the batch (an insert: no; an update or a delete: yes), the last one what it has after it; the two
 * together are the operation, and what the applier holds the target to. Entries are places of tuples in the batch's
 * memory. Sound only where rows do not depend on one another (TablePlan.inOrderReasons is empty).
 */
import { hasUnchanged, tupleKey } from '../decode/tuple.ts';
import { composeTuple, type TuplePlace } from './compose-tuple.ts';
import { SideBuffer } from './side-buffer.ts';

/** Nothing to do: taken back. */
export const NOTHING = 0;
/** The row is new; it has exactly the values of the tuple. */
export const INSERT = 1;
/** The row is there, and has exactly the values of the tuple. */
export const UPDATE = 2;
/** The row is there; it has the values of the tuple where they were sent, and its own for the rest. */
export const PARTIAL = 3;
/** The row is there, and goes. */
export const DELETE = 4;
/** The batch itself brought the row, and took it again: the target never has it. */
export const DELETE_OWN = 5;

export type NetOperation =
  | typeof NOTHING
  | typeof INSERT
  | typeof UPDATE
  | typeof PARTIAL
  | typeof DELETE
  | typeof DELETE_OWN;

export class NetChanges {
  /** Operation per entry. */
  operations = new Uint8Array(256);
  /** Place per entry: in the batch's bytes, or −1 − place in `side`. */
  places = new Int32Array(256);
  count = 0;
  /** Changes that went in. */
  changes = 0;
  readonly side = new SideBuffer();
  readonly #entries = new Map<string | number, number>();
  /** First operation of an entry was an insert: the target did not have the row before the batch. */
  #born = new Uint8Array(256);
  readonly #keyColumns: readonly number[];

  constructor(keyColumns: readonly number[]) {
    this.#keyColumns = keyColumns;
  }

  insert(bytes: Buffer, at: number): void {
    this.changes++;
    const entry = this.#entryOf(tupleKey(bytes, at, this.#keyColumns), true);
    this.#setWhole(entry, at);
  }

  /** The key is the same before and after. */
  update(bytes: Buffer, oldAt: number, at: number): void {
    this.changes++;
    const entry = this.#entryOf(tupleKey(bytes, at, this.#keyColumns), false);
    if (!hasUnchanged(bytes, at)) this.#setWhole(entry, at);
    else this.#complete(entry, bytes, oldAt, at);
  }

  delete(bytes: Buffer, oldAt: number): void {
    this.changes++;
    const entry = this.#entryOf(tupleKey(bytes, oldAt, this.#keyColumns), false);
    this.#setGone(entry, oldAt);
  }

  /**
   * The row moves from one key to another. False when the new row is not known whole (an unchanged large value that is
   * only on the target): then nothing was noted, and the move has to be made on the target itself.
   */
  move(bytes: Buffer, oldAt: number, at: number, oldIsWhole: boolean): boolean {
    const oldKey = tupleKey(bytes, oldAt, this.#keyColumns);
    let whole: Buffer | undefined;
    if (hasUnchanged(bytes, at)) {
      const known = oldIsWhole ? { bytes, at: oldAt } : this.#knownRow(oldKey, bytes);
      if (!known) return false;
      whole = composeTuple({ bytes, at }, known);
      if (hasUnchanged(whole, 0)) return false;
    }
    this.changes++;
    const from = this.#entryOf(oldKey, false);
    this.#setGone(from, oldAt);
    // Free by the order of the source: new, unless the batch has seen a row leave it.
    const to = this.#entryOf(tupleKey(bytes, at, this.#keyColumns), true);
    this.#setWhole(to, whole ? -1 - this.side.append(whole) : at);
    return true;
  }

  /** Where the entry's tuple is. */
  tupleAt(entry: number, bytes: Buffer): TuplePlace {
    const place = this.places[entry]!;
    return place >= 0 ? { bytes, at: place } : { bytes: this.side.bytes, at: -1 - place };
  }

  #complete(entry: number, bytes: Buffer, oldAt: number, at: number): void {
    const before = this.operations[entry];
    const known =
      oldAt >= 0 ? { bytes, at: oldAt } : hasTuple(before) ? this.tupleAt(entry, bytes) : undefined;
    if (!known) {
      this.#set(entry, PARTIAL, at);
      return;
    }
    const composed = composeTuple({ bytes, at }, known);
    const place = -1 - this.side.append(composed);
    if (hasUnchanged(composed, 0)) this.#set(entry, PARTIAL, place);
    else this.#setWhole(entry, place);
  }

  #knownRow(key: string | number, bytes: Buffer): TuplePlace | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    return hasTuple(this.operations[entry]) ? this.tupleAt(entry, bytes) : undefined;
  }

  #entryOf(key: string | number, isInsert: boolean): number {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = this.count++;
    if (entry === this.operations.length) this.#grow();
    this.#entries.set(key, entry);
    this.#born[entry] = isInsert ? 1 : 0;
    this.operations[entry] = NOTHING;
    return entry;
  }

  #setWhole(entry: number, place: number): void {
    this.#set(entry, this.#born[entry] === 1 ? INSERT : UPDATE, place);
  }

  #setGone(entry: number, place: number): void {
    this.#set(entry, this.#born[entry] === 1 ? DELETE_OWN : DELETE, place);
  }

  #set(entry: number, operation: NetOperation, place: number): void {
    this.operations[entry] = operation;
    this.places[entry] = place;
  }

  #grow(): void {
    const size = this.operations.length * 2;
    const operations = new Uint8Array(size);
    operations.set(this.operations);
    this.operations = operations;
    const places = new Int32Array(size);
    places.set(this.places);
    this.places = places;
    const born = new Uint8Array(size);
    born.set(this.#born);
    this.#born = born;
  }
}

function hasTuple(operation: number | undefined): boolean {
  return operation === INSERT || operation === UPDATE || operation === PARTIAL;
}
