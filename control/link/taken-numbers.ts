/**
 * The last number that was taken from each sender of reports or batches: what is sent again because its answer was
 * missing counts once. Numbers of a sender only grow. Lost with the process, as the totals are.
 */

/** About 2 MB. With more the one that was silent longest is forgotten. */
const MOST_SENDERS = 10_000;
/** A report whose answer was lost is sent again until the link is back, which may take hours. */
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

interface Taken {
  readonly number: number;
  readonly at: number;
}

/** The numbers of each token's owner, so that one can neither use up nor push out another's: owners are few. */
export class NumbersByOwner {
  readonly #owners = new Map<string | undefined, TakenNumbers>();

  /** @param owner the token's name; undefined without tokens */
  of(owner: string | undefined): TakenNumbers {
    const numbers = this.#owners.get(owner) ?? new TakenNumbers();
    this.#owners.set(owner, numbers);
    return numbers;
  }
}

/** `new`: to be counted. `last`: it is the last one again. `earlier`: the sender has sent others since. */
type Turn = 'new' | 'last' | 'earlier';

export class TakenNumbers {
  /** The sender that was silent longest is first. */
  readonly #senders = new Map<string, Taken>();
  readonly #most: number;

  constructor(most = MOST_SENDERS) {
    this.#most = most;
  }

  /** Remembers a number that is new. @param now milliseconds on any clock that never goes back */
  take(sender: string, number: number, now: number): Turn {
    const last = this.#senders.get(sender)?.number ?? 0;
    this.#senders.delete(sender);
    this.#senders.set(sender, { number: Math.max(last, number), at: now });
    this.#forget(now);
    if (number > last) return 'new';
    return number === last ? 'last' : 'earlier';
  }

  /** Whether a number was taken from this sender. */
  knows(sender: string): boolean {
    return this.#senders.has(sender);
  }

  #forget(now: number): void {
    for (const [sender, { at }] of this.#senders) {
      if (at >= now - FORGOTTEN_AFTER_MS && this.#senders.size <= this.#most) break;
      this.#senders.delete(sender);
    }
  }
}
