/**
 * What the stream brings between the low and the high mark of a chunk (DBLog). A row of the chunk whose key appears in
 * between is dropped: the stream has its newer state. Two things are added to the paper.
 *
 * A row whose change did not send all of its values is not dropped but completed: the unsent large values from the
 * chunk, the rest from the change.
 *
 * A transaction becomes visible to others a moment after its commit is in the WAL. One that is before the low mark in
 * the stream may therefore still be invisible to the query behind the mark. The chunk carries its snapshot; if that
 * shows a transaction as running which the stream delivered before the low mark, the chunk is read again.
 */
import type { ChangeWatch } from '../batch/change-watch.ts';
import { composeTuple } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { hasUnchanged, skipTuple } from '../decode/tuple.ts';

/** The stream's latest state of a row: superseded (gone or whole), or a tuple with unsent values. */
export type WindowEntry =
  | 'superseded'
  | { readonly tuple: Buffer; readonly columnPlaces: ReadonlyMap<string, number> };

export interface CopyWindow {
  readonly table: string;
  readonly entries: Map<string | number, WindowEntry>;
  /** Columns that the entries' keys consist of, in order. */
  keyNames: readonly string[];
  /** The chunk cannot be used. */
  invalid: boolean;
}

interface OpenWindow extends CopyWindow {
  opened: boolean;
  /** The high mark has been read: the stream is read further while everything before the mark is applied. */
  shut: boolean;
  /** Transactions that the stream had delivered before the low mark. */
  transactionsBefore: number;
}

const REMEMBERED = 65_536;

export class CopyWindows implements ChangeWatch {
  readonly #windows = new Map<string, OpenWindow>();
  readonly #openTables = new Map<string, number>();
  readonly #xids = new Uint32Array(REMEMBERED);
  #transactions = 0;

  /** Call before the low mark is written. */
  expect(chunk: string, table: string): void {
    this.#windows.set(chunk, {
      table,
      entries: new Map(),
      keyNames: [],
      invalid: false,
      opened: false,
      shut: false,
      transactionsBefore: 0,
    });
  }

  /** At the high mark: what was seen, or undefined for a chunk of an earlier session. */
  close(chunk: string, snapshot: string): CopyWindow | undefined {
    const window = this.#windows.get(chunk);
    if (!window) return undefined;
    this.forget(chunk);
    if (!window.opened || this.#missed(window, snapshot)) window.invalid = true;
    return window;
  }

  forget(chunk: string): void {
    this.shut(chunk);
    this.#windows.delete(chunk);
  }

  sawTransaction(xid: number): void {
    this.#xids[this.#transactions++ % REMEMBERED] = xid;
  }

  open(chunk: string): void {
    const window = this.#windows.get(chunk);
    if (!window || window.opened) return;
    window.opened = true;
    // The mark's own transaction is the last one seen; it changed nothing.
    window.transactionsBefore = this.#transactions;
    this.#openTables.set(window.table, (this.#openTables.get(window.table) ?? 0) + 1);
  }

  shut(chunk: string): void {
    const window = this.#windows.get(chunk);
    if (!window?.opened || window.shut) return;
    window.shut = true;
    const left = (this.#openTables.get(window.table) ?? 1) - 1;
    if (left > 0) this.#openTables.set(window.table, left);
    else this.#openTables.delete(window.table);
  }

  isOpen(table: string): boolean {
    return this.#openTables.size > 0 && this.#openTables.has(table);
  }

  touched(
    table: string,
    key: string | number,
    what: 'whole' | 'updated' | 'gone',
    bytes: Buffer,
    at: number,
    binding: RelationBinding,
  ): void {
    const unsent = what !== 'gone' && hasUnchanged(bytes, at);
    for (const window of this.#windows.values()) {
      if (!window.opened || window.shut || window.table !== table) continue;
      window.keyNames = binding.keyColumns.map((place) => binding.relation.columns[place]!.name);
      // A row that moved to this key with unsent values is complete neither here nor in the chunk.
      if (unsent && what === 'whole') window.invalid = true;
      else if (!unsent || window.entries.get(key) === 'superseded') window.entries.set(key, 'superseded');
      else this.#keepPart(window, key, Buffer.from(bytes.subarray(at, skipTuple(bytes, at))), binding);
    }
  }

  /** Values that an earlier change in the window sent, and this one did not, are newer than the chunk. */
  #keepPart(window: OpenWindow, key: string | number, tuple: Buffer, binding: RelationBinding): void {
    const { columnPlaces } = binding;
    const known = window.entries.get(key);
    if (known === undefined || known === 'superseded') window.entries.set(key, { tuple, columnPlaces });
    else if (known.columnPlaces !== columnPlaces) window.invalid = true;
    else {
      const both = composeTuple({ bytes: tuple, at: 0 }, { bytes: known.tuple, at: 0 });
      window.entries.set(key, { tuple: both, columnPlaces });
    }
  }

  invalidate(table: string): void {
    for (const window of this.#windows.values())
      if (window.table === table && !window.shut) window.invalid = true;
  }

  /**
   * Returns a check: does a snapshot show every transaction delivered so far? Later ones do not count; with frequent
   * commits some transaction is always still invisible.
   */
  arrived(): (snapshot: string) => boolean {
    const transactions = this.#transactions;
    return (snapshot) => !this.#callsOpen(snapshot, transactions);
  }

  #missed(window: OpenWindow, snapshot: string): boolean {
    return this.#callsOpen(snapshot, window.transactionsBefore);
  }

  /** Whether the snapshot shows one of the first `transactions` as unfinished. */
  #callsOpen(snapshot: string, transactions: number): boolean {
    const [, max, running] = snapshot.split(':');
    const after = Number(BigInt(max ?? '0') & 0xffffffffn);
    const open = new Set((running ?? '').split(',').filter(Boolean).map(lowHalf));
    const first = Math.max(0, this.#transactions - REMEMBERED);
    for (let index = first; index < transactions; index++) {
      const xid = this.#xids[index % REMEMBERED]!;
      if (open.has(xid) || ((xid - after) | 0) >= 0) return true;
    }
    return false;
  }
}

function lowHalf(fullXid: string): number {
  return Number(BigInt(fullXid) & 0xffffffffn);
}
