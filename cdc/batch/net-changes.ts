/**
 * The net effect of a batch on one table: one entry per key. A key's first change says whether the target has the row
 * before the batch (an insert: no; an update or delete: yes), its last one what the target has afterwards; together
 * they give the operation, and what the applier requires of the target. Entries are positions of tuples in the batch's
 * memory. Correct only where rows do not depend on one another (TablePlan.inOrderReasons is empty).
 */
import { hasUnchanged, tupleKey } from '../decode/tuple.ts';
import { composeTuple, type TuplePlace } from './compose-tuple.ts';
import { SideBuffer } from './side-buffer.ts';

/** Nothing to do: undone. */
export const NOTHING = 0;
/** The row is new and has exactly the values of the tuple. */
export const INSERT = 1;
/** The row exists and gets exactly the values of the tuple. */
export const UPDATE = 2;
/** The row exists and gets the values that the tuple has; the others stay. */
export const PARTIAL = 3;
/** The row exists and is deleted. */
export const DELETE = 4;
/** The batch itself inserted and deleted the row: the target never has it. */
export const DELETE_OWN = 5;

type NetOperation =
  | typeof NOTHING
  | typeof INSERT
  | typeof UPDATE
  | typeof PARTIAL
  | typeof DELETE
  | typeof DELETE_OWN;

export class NetChanges {
  /** Operation per entry. */
  operations = new Uint8Array(256);
  /** Position per entry: in the batch's bytes, or −1 − position in `side`. */
  places = new Int32Array(256);
  count = 0;
  /** Changes that were added. */
  changes = 0;
  readonly side = new SideBuffer();
  readonly #entries = new Map<string | number, number>();
  /** The entry's first operation was an insert: the target did not have the row before the batch. */
  #born = new Uint8Array(256);
  readonly keyColumns: readonly number[];

  constructor(keyColumns: readonly number[]) {
    this.keyColumns = keyColumns;
  }

  insert(bytes: Buffer, at: number): void {
    this.changes++;
    const entry = this.entryOf(tupleKey(bytes, at, this.keyColumns), true);
    this.#setWhole(entry, at);
  }

  /** The key is the same before and after. */
  update(bytes: Buffer, oldAt: number, at: number): void {
    this.changes++;
    // A large value of the key, too, is sent with the old row alone.
    const entry = this.entryOf(tupleKey(bytes, oldAt >= 0 ? oldAt : at, this.keyColumns), false);
    if (!hasUnchanged(bytes, at)) this.#setWhole(entry, at);
    else this.#complete(entry, bytes, oldAt, at);
  }

  delete(bytes: Buffer, oldAt: number): void {
    this.changes++;
    const entry = this.entryOf(tupleKey(bytes, oldAt, this.keyColumns), false);
    this.#setGone(entry, oldAt);
  }

  /**
   * The row moves from one key to another. Returns false, and records nothing, when the new row is incomplete (an
   * unchanged large value that only the target has): then the target itself has to move it.
   */
  move(bytes: Buffer, oldAt: number, at: number, oldIsWhole: boolean): boolean {
    const oldKey = tupleKey(bytes, oldAt, this.keyColumns);
    let whole: Buffer | undefined;
    if (hasUnchanged(bytes, at)) {
      // The old row has all of the key, if nothing else.
      whole = composeTuple({ bytes, at }, { bytes, at: oldAt }, oldIsWhole ? undefined : this.keyColumns);
      const known = hasUnchanged(whole, 0) ? this.#knownRow(oldKey, bytes) : undefined;
      if (known) whole = composeTuple({ bytes: whole, at: 0 }, known);
      if (hasUnchanged(whole, 0)) return false;
    }
    this.changes++;
    const from = this.entryOf(oldKey, false);
    this.#setGone(from, oldAt);
    // The source's order guarantees that the key is free: new, unless a row left it in this batch.
    const to = this.entryOf(
      whole ? tupleKey(whole, 0, this.keyColumns) : tupleKey(bytes, at, this.keyColumns),
      true,
    );
    this.#setWhole(to, whole ? -1 - this.side.append(whole) : at);
    return true;
  }

  /** Several rows have one key where the batch ends; only LooseNetChanges can tell. */
  get hasDoubles(): boolean {
    return false;
  }

  /** Where the entry's tuple is. */
  tupleAt(entry: number, bytes: Buffer): TuplePlace {
    return this.placed(this.places[entry]!, bytes);
  }

  placed(place: number, bytes: Buffer): TuplePlace {
    return place >= 0 ? { bytes, at: place } : { bytes: this.side.bytes, at: -1 - place };
  }

  #complete(entry: number, bytes: Buffer, oldAt: number, at: number): void {
    const before = this.operations[entry];
    const known =
      oldAt >= 0 ? { bytes, at: oldAt } : hasTuple(before) ? this.tupleAt(entry, bytes) : undefined;
    if (!known) {
      this.set(entry, PARTIAL, at);
      return;
    }
    const composed = composeTuple({ bytes, at }, known);
    const place = -1 - this.side.append(composed);
    if (hasUnchanged(composed, 0)) this.set(entry, PARTIAL, place);
    else this.#setWhole(entry, place);
  }

  #knownRow(key: string | number, bytes: Buffer): TuplePlace | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    return hasTuple(this.operations[entry]) ? this.tupleAt(entry, bytes) : undefined;
  }

  entryOf(key: string | number, isInsert = false): number {
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
    this.set(entry, this.#born[entry] === 1 ? INSERT : UPDATE, place);
  }

  #setGone(entry: number, place: number): void {
    this.set(entry, this.#born[entry] === 1 ? DELETE_OWN : DELETE, place);
  }

  set(entry: number, operation: NetOperation, place: number): void {
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
