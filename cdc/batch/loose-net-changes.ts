/**
 * The net effect where a key may belong to two rows for a moment: a deferrable key of the source is checked at the end of
 * the transaction, so that rows may exchange keys, or all move by one. There the key alone does not say which row a
 * change concerns; the old row, which REPLICA IDENTITY FULL sends whole, does. At the end of a transaction each key has
 * one row again.
 */
import { skipTuple, tupleKey } from '../decode/tuple.ts';
import { composeTuple, type TuplePlace } from './compose-tuple.ts';
import { DELETE, DELETE_OWN, INSERT, NetChanges, UPDATE } from './net-changes.ts';

export class LooseNetChanges extends NetChanges {
  /** Entry → places of the rows that came to its key in this batch and are still there. */
  readonly #arrived = new Map<number, number[]>();
  /** Entries whose row from before the batch has gone, or changed. */
  readonly #left = new Set<number>();

  override get hasDoubles(): boolean {
    return [...this.#arrived.values()].some((places) => places.length > 1);
  }

  override insert(bytes: Buffer, at: number): void {
    this.changes++;
    this.#arrive({ bytes, at }, at);
  }

  override update(bytes: Buffer, oldAt: number, at: number): void {
    this.changes++;
    this.#leave(bytes, oldAt);
    const whole = composeTuple({ bytes, at }, { bytes, at: oldAt });
    // Also for the key: a value of it that was not sent is the old row's.
    this.#arrive({ bytes: whole, at: 0 }, -1 - this.side.append(whole));
  }

  override delete(bytes: Buffer, oldAt: number): void {
    this.changes++;
    this.#leave(bytes, oldAt);
  }

  override move(bytes: Buffer, oldAt: number, at: number): boolean {
    this.update(bytes, oldAt, at);
    return true;
  }

  #arrive({ bytes, at }: TuplePlace, place: number): void {
    const entry = this.entryOf(tupleKey(bytes, at, this.keyColumns));
    const there = this.#arrived.get(entry);
    if (there) there.push(place);
    else this.#arrived.set(entry, [place]);
    this.#settle(entry, place);
  }

  #leave(bytes: Buffer, oldAt: number): void {
    const entry = this.entryOf(tupleKey(bytes, oldAt, this.keyColumns));
    const there = this.#arrived.get(entry) ?? [];
    const own = there.findIndex((place) => sameTuple(this.placed(place, bytes), { bytes, at: oldAt }));
    if (own >= 0) there.splice(own, 1);
    else this.#left.add(entry);
    this.#settle(entry, there.at(-1) ?? oldAt);
  }

  #settle(entry: number, place: number): void {
    const wasThere = this.#left.has(entry);
    const isThere = (this.#arrived.get(entry)?.length ?? 0) > 0;
    this.set(entry, isThere ? (wasThere ? UPDATE : INSERT) : wasThere ? DELETE : DELETE_OWN, place);
  }
}

function sameTuple(a: TuplePlace, b: TuplePlace): boolean {
  const ofA = a.bytes.subarray(a.at, skipTuple(a.bytes, a.at));
  return ofA.equals(b.bytes.subarray(b.at, skipTuple(b.bytes, b.at)));
}
