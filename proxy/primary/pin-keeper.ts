/**
 * Read-your-writes, as the primary keeps it over all workers: the life of every pin (the ledger), and its way
 * to the siblings of the worker that took it (the spread).
 */
import type { ProgressEvent, TracedWrite } from '@ficus/core';
import { type PinCount, PinLedger, type SlicePositions } from '../pin/pin-ledger.ts';
import { TracedWrites } from '../pin/traced-writes.ts';
import type { PrimaryMessage, WorkerMessage } from '../worker/worker-messages.ts';
import { PinSpread } from './pin-spread.ts';

interface PinKeeperParts {
  /** Undefined without a control plane: then pins stay. */
  readonly askPositions:
    | ((slices: readonly string[], writes: readonly TracedWrite[] | undefined) => Promise<SlicePositions>)
    | undefined;
  /** Workers that hold pins: those that have their initial state. */
  readonly workers: () => readonly number[];
  /** To all workers, or to one. */
  readonly send: (message: PrimaryMessage, only?: number) => void;
  readonly later: (action: () => void, ms: number) => void;
}

type PinMessage = Extract<WorkerMessage, { kind: 'pin-begin' | 'took-pin' | 'pin-answered' }>;
type AnsweredPin = Extract<WorkerMessage, { kind: 'pin-answered' }>;

export class PinKeeper {
  readonly #parts: PinKeeperParts;
  readonly #ledger: PinLedger;
  readonly #spread: PinSpread;
  readonly #traced = new TracedWrites();

  constructor(parts: PinKeeperParts) {
    this.#parts = parts;
    const { askPositions, later, send, workers } = parts;
    this.#ledger = new PinLedger({
      askPositions: askPositions && ((slices) => askPositions(slices, this.#traced.take(slices))),
      onRelease: (pins) => send({ kind: 'release', pins }),
      later,
    });
    this.#spread = new PinSpread({ workers, send });
  }

  take(worker: number, message: PinMessage): void {
    switch (message.kind) {
      case 'pin-begin':
        if (message.trace !== undefined) this.#traced.begin(worker, message.slice, message.trace);
        this.#ledger.begin(worker, message.slice, message.key);
        this.#spread.begin(worker, message);
        break;
      case 'took-pin':
        this.#spread.took(worker, message.from);
        break;
      case 'pin-answered':
        this.#writeOver(worker, message);
        break;
    }
  }

  /** @param longestWriteMs how long its writes may still be executed, with no worker waiting for them */
  workerGone(worker: number, longestWriteMs: number): void {
    this.#ledger.workerGone(worker, longestWriteMs);
    this.#spread.workerGone(worker);
    this.#traced.workerGone(worker);
  }

  /** Slice → writes of the worker that are not known to be over. */
  openOf(worker: number): ReadonlyMap<string, number> {
    return this.#ledger.openOf(worker);
  }

  /** All pins, for a worker that starts now. */
  list(): readonly PinCount[] {
    return this.#ledger.list();
  }

  progress(slices: ProgressEvent['slices']): void {
    this.#traced.progress(slices);
    this.#ledger.progress(slices);
  }

  epochChanged(slice: string): void {
    this.#traced.forget(slice);
    this.#ledger.forgetPositions(slice);
  }

  /** The control plane is back: unanswered requests for positions are sent again. */
  connected(): void {
    this.#ledger.askAgain();
  }

  /** Only a position taken after the write is over covers the write. */
  #writeOver(worker: number, { slice, key, afterMs, trace }: AnsweredPin): void {
    const over = (): void => {
      // Before the ledger, which requests the position.
      if (trace !== undefined) this.#traced.answered(worker, slice, trace);
      this.#ledger.answered(worker, slice, key);
    };
    if (afterMs === 0) over();
    else this.#parts.later(over, afterMs);
  }
}
