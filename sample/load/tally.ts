/** The load generator's results: counts, latencies, and the promises that it checks. */
import type { ShopResponse } from './shop-client.ts';

interface PhaseTally {
  readonly name: string;
  /** Requests in this phase, of any kind. */
  requests: number;
  /** Reads of the slice that the serve flag decided, by the side that served. */
  flagged: { legacy: number; candidate: number };
  /** Distinct users behind them, by side. */
  users: { legacy: number; candidate: number };
  /** Reads of the slice that went to the owner because the user had just written. */
  pinned: number;
}

export interface Tally {
  requests: number;
  writes: number;
  /** Anything that is not the expected answer: a transport error or an unexpected status. */
  failures: number;
  /** The first few, in words. */
  failureSamples: string[];
  /** Reads after a user's own write that did not show it. */
  staleReads: number;
  /** How many reads were checked for that. */
  readsAfterWrite: number;
  /** Users whom a rising percentage moved back to the legacy. */
  usersMovedBack: number;
  /** Milliseconds over all requests since the last tally was taken. */
  latency: { p50: number; p99: number };
  phase: PhaseTally;
}

const SAMPLES = 5;

/** Counts while the load runs. Takes one request at a time, with its user. */
export class Counter {
  #tally: Omit<Tally, 'latency' | 'phase'> = {
    requests: 0,
    writes: 0,
    failures: 0,
    failureSamples: [],
    staleReads: 0,
    readsAfterWrite: 0,
    usersMovedBack: 0,
  };
  #latencies: number[] = [];
  #phase: PhaseTally = newPhase('legacy');
  #percentRises = true;
  /** User → side the flag gave them last; kept over phases, to see who moves back. */
  readonly #sideOf = new Map<number, string>();
  readonly #movedBack = new Set<number>();
  #seen = { legacy: new Set<number>(), candidate: new Set<number>() };

  beginPhase(name: string, percentRises: boolean): void {
    this.#phase = newPhase(name);
    this.#percentRises = percentRises;
    this.#seen = { legacy: new Set(), candidate: new Set() };
    if (!percentRises) this.#sideOf.clear();
  }

  /** Read when a request begins, and passed in with its answer. */
  get phase(): PhaseTally {
    return this.#phase;
  }

  /** @param begunIn a share belongs to the phase in which the request was sent, however late its answer comes */
  request(user: number, response: ShopResponse, isWrite: boolean, begunIn: PhaseTally): void {
    this.#tally.requests += 1;
    this.#phase.requests += 1;
    if (isWrite) this.#tally.writes += 1;
    this.#latencies.push(response.durationMs);
    if (response.reason === 'pinned') this.#phase.pinned += 1;
    if (response.reason === 'serve-flag-on' || response.reason === 'serve-flag-off')
      this.#flagged(user, response.side, begunIn);
  }

  failure(words: string): void {
    this.#tally.failures += 1;
    if (this.#tally.failureSamples.length < SAMPLES) this.#tally.failureSamples.push(words);
  }

  readAfterWrite(stale: boolean): void {
    this.#tally.readsAfterWrite += 1;
    if (stale) this.#tally.staleReads += 1;
  }

  /** The counts so far; latencies since the last call. */
  take(): Tally {
    const sorted = this.#latencies.sort((a, b) => a - b);
    this.#latencies = [];
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return structuredClone({ ...this.#tally, latency: { p50: at(0.5), p99: at(0.99) }, phase: this.#phase });
  }

  #flagged(user: number, side: string, begunIn: PhaseTally): void {
    if (side !== 'legacy' && side !== 'candidate') return;
    if (begunIn === this.#phase) {
      this.#phase.flagged[side] += 1;
      this.#seen[side].add(user);
      this.#phase.users = { legacy: this.#seen.legacy.size, candidate: this.#seen.candidate.size };
    }
    if (this.#percentRises && this.#sideOf.get(user) === 'candidate' && side === 'legacy') {
      this.#movedBack.add(user);
      this.#tally.usersMovedBack = this.#movedBack.size;
    }
    this.#sideOf.set(user, side);
  }
}

function newPhase(name: string): PhaseTally {
  return {
    name,
    requests: 0,
    flagged: { legacy: 0, candidate: 0 },
    users: { legacy: 0, candidate: 0 },
    pinned: 0,
  };
}
