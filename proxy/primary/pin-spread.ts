/**
 * Read-your-writes over several workers: a pin goes to all siblings before its write leaves, so that a user whose
 * next read lands on another worker is pinned there as well. Kept in the primary.
 */
import type { PinQuestion, PrimaryMessage } from '../worker/worker-messages.ts';

interface PinSpreadParts {
  readonly workers: () => readonly number[];
  readonly send: (message: PrimaryMessage, worker: number) => void;
}

interface Spreading {
  readonly from: PinQuestion;
  readonly missing: Set<number>;
}

export class PinSpread {
  readonly #parts: PinSpreadParts;
  readonly #spreading = new Map<string, Spreading>();

  constructor(parts: PinSpreadParts) {
    this.#parts = parts;
  }

  /** Sends the pin to all siblings. An `ask` of 0 means that no write waits. */
  begin(worker: number, pin: { readonly slice: string; readonly key: string; readonly ask: number }): void {
    const from = { worker, ask: pin.ask };
    const siblings = this.#parts.workers().filter((other) => other !== worker);
    for (const sibling of siblings) {
      this.#parts.send({ kind: 'pin', slice: pin.slice, key: pin.key, from }, sibling);
    }
    if (pin.ask === 0) return;
    this.#spreading.set(nameOf(from), { from, missing: new Set(siblings) });
    this.#settle(nameOf(from));
  }

  took(sibling: number, from: PinQuestion): void {
    this.#spreading.get(nameOf(from))?.missing.delete(sibling);
    this.#settle(nameOf(from));
  }

  /** A worker that has exited waits for no other, and no other waits for it. */
  workerGone(worker: number): void {
    for (const [name, { from, missing }] of this.#spreading) {
      if (from.worker === worker) this.#spreading.delete(name);
      missing.delete(worker);
      this.#settle(name);
    }
  }

  #settle(name: string): void {
    const spreading = this.#spreading.get(name);
    if (!spreading || spreading.missing.size > 0) return;
    this.#spreading.delete(name);
    const { worker, ask } = spreading.from;
    this.#parts.send({ kind: 'pinned', ask }, worker);
  }
}

function nameOf({ worker, ask }: PinQuestion): string {
  return `${worker} ${ask}`;
}
