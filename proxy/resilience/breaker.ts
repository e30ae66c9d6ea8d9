/**
 * A circuit breaker as one small state machine: consecutive failures open it, after a while one probe is let through,
 * and the probe's outcome closes or reopens it. The first time it is open for a tenth of `openMs`, each further time for twice
 * as long, up to `openMs`: a service that was restarted is soon back, one that is down or overloaded is left in peace. No timer
 * and no promise: the clock is read when needed. It must never go back: a corrected wall clock would keep the breaker open.
 *
 *     closed ──failures in a row──▶ open ──time passed───▶ half-open (one probe)
 *       ▲                            ▲                          │
 *       └────────── success ─────────┼────────── failure ───────┘
 */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly until: number }
  /** A probe is in progress; without a result by `until`, another may go. */
  | { readonly kind: 'half-open'; readonly until: number };

interface BreakerOptions {
  readonly failures: number;
  /** The longest that it is open before a probe. */
  readonly openMs: number;
}

const CLOSED: BreakerState = { kind: 'closed', failures: 0 };
/** Of `openMs`. */
const FIRST_SHARE = 0.1;

export class Breaker {
  readonly #options: BreakerOptions;
  readonly #onChange: (state: BreakerState['kind']) => void;
  #state: BreakerState = CLOSED;
  /** In a row: none of them was followed by `openMs` without another. */
  #openings = 0;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BreakerOptions, onChange: (state: BreakerState['kind']) => void = () => {}) {
    this.#options = options;
    this.#onChange = onChange;
  }

  get state(): BreakerState['kind'] {
    return this.#state.kind;
  }

  /** Milliseconds until the next probe may go; 0 while it is closed, or when one may. */
  probeInMs(now: number): number {
    return this.#state.kind === 'closed' ? 0 : Math.max(0, this.#state.until - now);
  }

  /** Whether a request would be let through now. Changes nothing. */
  allows(now: number): boolean {
    return this.#state.kind === 'closed' || now >= this.#state.until;
  }

  /** Whether the request may be sent; in the half-open state only one may. */
  enter(now: number): boolean {
    if (this.#state.kind === 'closed') return true;
    if (now < this.#state.until) return false;
    this.#probedAt = now;
    // A probe that never reports must not keep the breaker open forever: the next may go after openMs.
    this.#change({ kind: 'half-open', until: now + this.#options.openMs });
    return true;
  }

  succeeded(): void {
    // A request from before it opened says nothing new: a tunnel opened earlier may end cleanly now.
    if (this.#state.kind !== 'open' && this.#state !== CLOSED) this.#change(CLOSED);
  }

  failed(now: number): void {
    if (this.#state.kind === 'closed') {
      const failures = this.#state.failures + 1;
      if (failures < this.#options.failures) {
        this.#state = { kind: 'closed', failures };
        return;
      }
    } else if (this.#state.kind === 'open') {
      // Requests from before it opened say nothing new.
      return;
    }
    this.#change({ kind: 'open', until: now + this.#nextOpenMs(now) });
  }

  #nextOpenMs(now: number): number {
    const { openMs } = this.#options;
    if (this.#state.kind === 'closed' && now - this.#probedAt >= openMs) this.#openings = 0;
    this.#openings += 1;
    return Math.min(openMs, openMs * FIRST_SHARE * 2 ** (this.#openings - 1));
  }

  #change(state: BreakerState): void {
    const before = this.#state.kind;
    this.#state = state;
    if (before !== state.kind) this.#onChange(state.kind);
  }
}
