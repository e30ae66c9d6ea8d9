/**
 * Sends a worker's pins to its siblings through the primary: a write leaves when all workers have pinned its user, so
 * that the user's next read is pinned wherever it lands. The primary's half is primary/pin-spread.ts.
 */
import type { PinTable } from '../pin/pin-table.ts';
import type { Pin } from '../snapshot/request-host.ts';
import type { WorkerMessage } from './worker-messages.ts';

/**
 * Longest time a write waits for the other workers; then it leaves, and that is counted. Long, because its user may
 * then read their own old value, and only a worker that hangs takes this long to answer.
 */
export const PIN_WAIT_MS = 2_000;

/** Calls `action` after `ms`. @returns cancels it */
export type Later = (action: () => void, ms: number) => () => void;

interface SiblingPinsParts {
  readonly pins: Pick<PinTable, 'pin'>;
  /** Whether there are other workers. */
  readonly siblings: boolean;
  readonly send: (message: Extract<WorkerMessage, { kind: 'pin-begin' | 'pin-answered' }>) => void;
  /** Adds to a plain counter. */
  readonly count: (series: string) => void;
  readonly later: Later;
}

export class SiblingPins {
  readonly #parts: SiblingPinsParts;
  /** By question: the callback for when all siblings have the pin. */
  readonly #asked = new Map<number, () => void>();
  #questions = 0;

  constructor(parts: SiblingPinsParts) {
    this.#parts = parts;
  }

  /** Pins here and in all workers, then calls `pinned`: at once when there is no other worker. */
  begin({ slice, key, trace }: Pin, pinned: () => void): void {
    const { pins, siblings, send, later, count } = this.#parts;
    pins.pin(slice, key);
    if (!siblings) {
      send({ kind: 'pin-begin', slice, key, ask: 0, trace });
      pinned();
      return;
    }
    this.#questions += 1;
    const ask = this.#questions;
    const cancel = later(() => {
      this.#asked.delete(ask);
      count('ficus_pin_waits_expired_total');
      pinned();
    }, PIN_WAIT_MS);
    this.#asked.set(ask, () => {
      cancel();
      pinned();
    });
    send({ kind: 'pin-begin', slice, key, ask, trace });
  }

  /** From the primary: all siblings have pinned the user of this question. */
  answered(ask: number): void {
    const pinned = this.#asked.get(ask);
    this.#asked.delete(ask);
    pinned?.();
  }

  end({ slice, key, trace }: Pin, afterMs: number): void {
    this.#parts.send({ kind: 'pin-answered', slice, key, afterMs, trace });
  }
}
