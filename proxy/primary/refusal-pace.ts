/**
 * Paces the answers to wrong tokens: those of one address are sent one after the other, however many connections it
 * opens; while its queue is full, further ones are answered at once. A program that retries with a wrong token waits, and
 * is logged ever more rarely. It does not slow guessing: a token is looked up before its refusal waits, so that valid ones
 * never wait, and a guess is over when it is sent. What keeps a token from being guessed is its length (LEAST_TOKEN).
 */
interface Peer {
  /** Refusals so far, by kind. */
  readonly counts: Map<string, number>;
  waiting: number;
  /** When its next refusal may be sent, in milliseconds of `now`. */
  freeAt: number;
}

const GAP_MS = 100;
const MOST_WAITING = 50;
const MOST_PEERS = 1_000;

export class RefusalPace {
  /** By address; the one refused longest ago is first. */
  readonly #peers = new Map<string, Peer>();

  /** Whether so many refusals wait for this address that no further one may. */
  isFull(address: string): boolean {
    return (this.#peers.get(address)?.waiting ?? 0) >= MOST_WAITING;
  }

  /** Counts a refusal. Returns how many of its kind the address has had, this one included. */
  count(address: string, kind: string): number {
    const { counts } = this.#take(address);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count;
  }

  /** Resolves when the next refusal may be sent to the address. */
  async wait(address: string): Promise<void> {
    const peer = this.#take(address);
    const now = performance.now();
    peer.freeAt = Math.max(now, peer.freeAt) + GAP_MS;
    peer.waiting += 1;
    await new Promise<void>((resolve) => setTimeout(resolve, peer.freeAt - now).unref());
    peer.waiting -= 1;
  }

  #take(address: string): Peer {
    const peer = this.#peers.get(address) ?? { counts: new Map(), waiting: 0, freeAt: 0 };
    this.#peers.delete(address);
    this.#peers.set(address, peer);
    if (this.#peers.size > MOST_PEERS) for (const [oldest] of this.#peers) return this.#drop(oldest, peer);
    return peer;
  }

  #drop(oldest: string, peer: Peer): Peer {
    this.#peers.delete(oldest);
    return peer;
  }
}
