/**
 * A bounded map whose entries expire. Two generations: when the young one is full it becomes the old one, and the
 * previous old one is dropped at once; reading an entry moves it to the young one. Dropping the oldest entry of one Map
 * instead costs tens of microseconds each time, because its iterator has to pass over everything deleted before.
 *
 * The clock is passed in, so that a test can turn it. It is the wall clock, which tokens expire by: when it is set
 * back, entries dated in the future are ignored.
 */
import { ownText } from './own-text.ts';

interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
  readonly madeAt: number;
}

export class ExpiringCache<Value> {
  readonly #generationLimit: number;
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();

  /** @param limit maximum number of entries */
  constructor(limit: number) {
    this.#generationLimit = Math.max(1, Math.floor(limit / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** @param now milliseconds */
  get(key: string, now: number): Value | undefined {
    const young = this.#young.get(key);
    const entry = young ?? this.#old.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= now || entry.madeAt > now) {
      this.delete(key);
      return undefined;
    }
    if (young === undefined) {
      this.#old.delete(key);
      this.#add(key, entry);
    }
    return entry.value;
  }

  /** @param madeAt now */
  set(key: string, value: Value, expiresAt: number, madeAt = Number.NEGATIVE_INFINITY): void {
    this.#old.delete(key);
    this.#add(key, { value, expiresAt, madeAt });
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #add(key: string, entry: Entry<Value>): void {
    if (this.#young.size >= this.#generationLimit && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(ownText(key), entry);
  }
}
