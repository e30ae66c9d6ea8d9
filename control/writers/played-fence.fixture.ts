/** A fence played by the test: notes are what it is given, and states turn as the real one's do. */
import type { Fence, FenceGap, WriterNote } from '@ficus/cdc';
import type { FenceState } from '@ficus/core';

export class PlayedFence implements Fence {
  found: FenceState | undefined;
  written: WriterNote[] = [];
  knownGaps: FenceGap[] = [];
  unrecorded = 0;
  /** Ahead of the control plane's clock by this. */
  aheadMs = 0;
  /** What every call throws. */
  failure: Error | undefined;
  closed = 0;
  readonly calls: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  write(over: Partial<WriterNote> = {}): void {
    const at = this.#now() + this.aheadMs;
    this.written.push({
      ...{ key: `${this.written.length}-${at}-${Math.random()}`, table: 'public.notes', statement: 'INSERT' },
      ...{
        user: 'shop',
        application: 'web',
        address: '10.0.0.7',
        pid: 11,
        query: 'INSERT INTO notes VALUES (1)',
      },
      ...{ transactionAtMs: at, writtenAtMs: at },
      ...over,
    });
  }

  async state() {
    return this.#call('state', () => this.found);
  }

  async install(first: FenceState) {
    return this.#call('install', () => {
      this.found ??= first;
      return this.found;
    });
  }

  async observe(on: boolean) {
    return this.#call(`observe ${on}`, () => {
      if (this.found?.mode === 'armed' || this.found?.mode === 'observe')
        this.found = { ...this.found, mode: on ? 'observe' : 'armed' };
      return this.found;
    });
  }

  async notes(most = 10_000) {
    return this.#call('notes', () => this.written.slice(0, most));
  }

  async forget(keys: readonly string[]) {
    return this.#call(`forget ${keys.length}`, () => {
      this.written = this.written.filter(({ key }) => !keys.includes(key));
    });
  }

  async clock() {
    return this.#call('clock', () => this.#now() + this.aheadMs);
  }

  async missed() {
    return this.#call('missed', () => this.unrecorded);
  }

  async gaps() {
    return this.#call('gaps', () => this.knownGaps);
  }

  async turn(): Promise<never> {
    throw new Error('an inventory never turns a fence');
  }

  async blockers() {
    return [];
  }

  async close() {
    this.closed += 1;
  }

  async #call<T>(name: string, work: () => T): Promise<T> {
    this.calls.push(name);
    if (this.failure) throw this.failure;
    return work();
  }
}
