/**
 * A retry budget as in Finagle: every request deposits a share of a retry, a small allowance accrues with time, a retry
 * takes one. Retries can then never exceed that share of the load, so they cannot bury an unhealthy upstream. The
 * balance is capped at ten seconds' worth.
 */
interface RetryBudgetOptions {
  readonly budgetRatio: number;
  readonly perSecond: number;
}

const WINDOW_SECONDS = 10;
/** Requests whose deposits the balance may hold: enough for a burst, not for a hoard. */
const DEPOSITS_KEPT = 500;

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  #balance: number;
  #updatedAt: number;

  /** @param now milliseconds */
  constructor(options: RetryBudgetOptions, now: number) {
    this.#options = options;
    this.#balance = options.perSecond;
    this.#updatedAt = now;
  }

  deposit(): void {
    this.#balance = Math.min(this.#balance + this.#options.budgetRatio, this.#limit);
  }

  /** Whether there is one retry to take. */
  covers(now: number): boolean {
    const seconds = Math.max(0, now - this.#updatedAt) / 1000;
    this.#updatedAt = now;
    this.#balance = Math.min(this.#balance + seconds * this.#options.perSecond, this.#limit);
    // Deposits are fractions: ten fifths must be two.
    return this.#balance >= 1 - 1e-9;
  }

  /** Takes one retry, if there is one. */
  withdraw(now: number): boolean {
    if (!this.covers(now)) return false;
    this.#balance = Math.max(0, this.#balance - 1);
    return true;
  }

  get #limit(): number {
    return WINDOW_SECONDS * this.#options.perSecond + DEPOSITS_KEPT * this.#options.budgetRatio;
  }
}

/** Full jitter: anywhere between nothing and the exponential bound. @param attempt 1 for the first retry */
export function backoffMs(attempt: number, baseMs: number, random: () => number): number {
  return random() * Math.min(baseMs * 2 ** (attempt - 1), 1_000);
}
