/**
 * Read-your-writes, as the primary keeps it over all workers: the life of every pin (the ledger), and its way
 * to the siblings of the worker that took it (the spread).
 */
import type { ProgressEvent } from '@ficus/core';
import { type AskPositions, type PinCount, PinLedger } from '../pin/pin-ledger.ts';
import type { PrimaryMessage, WorkerMessage } from '../worker/worker-messages.ts';
import { PinSpread } from './pin-spread.ts';

interface PinKeeperParts {
  /** Undefined without a control plane: then pins stay. */
  readonly askPositions: AskPositions | undefined;
  /** Workers that hold pins: those that have their initial state. */
  readonly workers: () => readonly number[];
  /** To all workers, or to one. */
  readonly send: (message: PrimaryMessage, only?: number) => void;
  readonly later: (action: () => void, ms: number) => void;
}

type PinMessage = Extract<WorkerMessage, { kind: 'pin-begin' | 'took-pin' | 'pin-answered' }>;

export class PinKeeper {
  readonly #parts: PinKeeperParts;
  readonly #ledger: PinLedger;
  readonly #spread: PinSpread;

  constructor(parts: PinKeeperParts) {
    this.#parts = parts;
    const { askPositions, later, send, workers } = parts;
    this.#ledger = new PinLedger({
      askPositions,
      onRelease: (pins) => send({ kind: 'release', pins }),
      later,
    });
    this.#spread = new PinSpread({ workers, send });
  }

  take(worker: number, message: PinMessage): void {
    switch (message.kind) {
      case 'pin-begin':
        this.#ledger.begin(worker, message.slice, message.key);
        this.#spread.begin(worker, message);
        break;
      case 'took-pin':
        this.#spread.took(worker, message.from);
        break;
      case 'pin-answered':
        this.#writeOver(worker, message.slice, message.key, message.afterMs);
        break;
    }
  }

  /** @param longestWriteMs how long its writes may still be executed, with no worker waiting for them */
  workerGone(worker: number, longestWriteMs: number): void {
    this.#ledger.workerGone(worker, longestWriteMs);
    this.#spread.workerGone(worker);
  }

  /** All pins, for a worker that starts now. */
  list(): readonly PinCount[] {
    return this.#ledger.list();
  }

  progress(slices: ProgressEvent['slices']): void {
    this.#ledger.progress(slices);
  }

  epochChanged(slice: string): void {
    this.#ledger.forgetPositions(slice);
  }

  /** The control plane is back: unanswered requests for positions are sent again. */
  connected(): void {
    this.#ledger.askAgain();
  }

  /** Only a position taken after the write is over covers the write. */
  #writeOver(worker: number, slice: string, key: string, afterMs: number): void {
    const over = (): void => this.#ledger.answered(worker, slice, key);
    if (afterMs === 0) over();
    else this.#parts.later(over, afterMs);
  }
}
