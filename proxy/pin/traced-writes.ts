/**
 * Which traces the writes of a slice belong to, in the primary, for the change stream's spans: from the beginning of a
 * write until the question for its position has left (pin-ledger.ts). A help for reading traces: what does not fit is
 * forgotten, and nothing waits for it. Empty unless tracing is configured.
 */
import type { SliceProgress, TracedWrite } from '@ficus/core';

/** Each of the writes in progress, and of those answered since the last question. */
const MOST = 1_000;

export class TracedWrites {
  /** By worker: slice and trace → what the stream had applied when the write began. */
  readonly #open = new Map<number, Map<string, string>>();
  #openCount = 0;
  #answered: TracedWrite[] = [];
  readonly #applied = new Map<string, string>();

  /** A write begins. It is forgotten where it is not known how far the stream is. */
  begin(worker: number, slice: string, trace: string): void {
    const after = this.#applied.get(slice);
    if (after === undefined || this.#openCount >= MOST) return;
    let open = this.#open.get(worker);
    if (open === undefined) {
      open = new Map();
      this.#open.set(worker, open);
    }
    const name = `${slice} ${trace}`;
    if (open.has(name)) return;
    open.set(name, after);
    this.#openCount += 1;
  }

  /** The write was answered, or failed: only a position requested from now on covers it. */
  answered(worker: number, slice: string, trace: string): void {
    const open = this.#open.get(worker);
    const after = open?.get(`${slice} ${trace}`);
    if (open === undefined || after === undefined) return;
    open.delete(`${slice} ${trace}`);
    this.#openCount -= 1;
    if (this.#answered.length < MOST) this.#answered.push({ slice, traceparent: trace, after });
  }

  /** The writes that a question for positions covers which leaves now; undefined when there is none. */
  take(slices: readonly string[]): readonly TracedWrite[] | undefined {
    if (this.#answered.length === 0) return undefined;
    const covered = this.#answered.filter(({ slice }) => slices.includes(slice));
    this.#answered = [];
    return covered.length === 0 ? undefined : covered;
  }

  /** The stream moved. */
  progress(slices: Readonly<Record<string, SliceProgress>>): void {
    for (const [slice, { appliedLsn, healthy }] of Object.entries(slices)) {
      if (healthy) this.#applied.set(slice, appliedLsn);
      else this.#applied.delete(slice);
    }
  }

  workerGone(worker: number): void {
    this.#openCount -= this.#open.get(worker)?.size ?? 0;
    this.#open.delete(worker);
  }

  /** Owner or epoch changed: positions of the old owner's WAL mean nothing in the new one's. */
  forget(slice: string): void {
    this.#applied.delete(slice);
    this.#answered = this.#answered.filter((write) => write.slice !== slice);
    for (const open of this.#open.values()) {
      for (const name of open.keys()) {
        if (!name.startsWith(`${slice} `)) continue;
        open.delete(name);
        this.#openCount -= 1;
      }
    }
  }
}
