/**
 * The pins that a write holds, from before it leaves until it has been answered: in its own slice, and in slices whose
 * tables it writes as well. What is read afterwards may then not be older than the write.
 */
import type { UpstreamConfig } from '@ficus/core';
import { freshCallers } from '../identify/fresh-callers.ts';
import type { Identity } from '../identify/identity.ts';
import { boundedKey, ownText } from '../identify/own-text.ts';
import { EVERYBODY } from '../pin/pin-table.ts';
import type { RequestHost } from '../snapshot/request-host.ts';
import type { Outcome } from '../wire/outcome.ts';

interface HeldPin {
  readonly slice: string;
  readonly key: string;
}

export class WritePins {
  readonly #host: RequestHost;
  readonly #identity: Identity;
  readonly #held: HeldPin[] = [];

  constructor(host: RequestHost, identity: Identity) {
    this.#host = host;
    this.#identity = identity;
  }

  /** @param pinKey of the caller in this slice; undefined where the slice pins no caller */
  add(slice: string, pinKey: string | undefined): void {
    if (pinKey === undefined) return;
    // A writer whose name is not known may come back under any name.
    const key = this.#identity.uncertain ? EVERYBODY : this.#host.pins.keyFor(slice, ownText(pinKey));
    this.#held.push({ slice, key });
  }

  /** Goes on when all workers know of all pins: the answer may be read before we hear of it. */
  begin(goOn: () => void): void {
    let waiting = this.#held.length;
    if (waiting === 0) goOn();
    for (const { slice, key } of this.#held) {
      this.#host.beginWrite(slice, key, () => {
        waiting -= 1;
        if (waiting === 0) goOn();
      });
    }
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /**
   * Pins the caller under the session that the answer gives them as well. Other workers hear of it while the answer is
   * on its way to the client: it cannot wait for them.
   * @param fields of the answer, flat
   */
  noteAnswer(fields: readonly string[]): void {
    const slices = new Set(this.#held.map(({ slice }) => slice));
    for (const caller of freshCallers(this.#host.snapshot.config.proxy.identify, fields)) {
      for (const slice of slices) {
        const key = this.#host.pins.keyFor(slice, ownText(boundedKey(caller)));
        // Many set the same session anew with each answer.
        if (this.#held.some((pin) => pin.slice === slice && pin.key === key)) continue;
        this.#held.push({ slice, key });
        this.#host.beginWrite(slice, key, () => {});
      }
    }
  }

  /**
   * The write was answered, or failed.
   * @param afterMs how long a write that nobody waits for any more may still go on
   */
  end(afterMs: number): void {
    for (const { slice, key } of this.#held) this.#host.endWrite(slice, key, afterMs);
  }
}

/** A write that was given up without an answer may be done all the same, as late as one that is waited for. */
export function mayGoOnMs(outcome: Outcome, { firstByteMs }: UpstreamConfig['timeouts']): number {
  const unanswered = outcome.kind === 'failed' && outcome.mayHaveBeenSent && outcome.status === 0;
  return unanswered ? firstByteMs : 0;
}
