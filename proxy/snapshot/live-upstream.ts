/**
 * An upstream for live requests, with its protection: breaker, retry budget, concurrency limit. It outlives a config
 * snapshot as long as its own part of the config stays the same, so that a reload drops no connection and forgets no
 * breaker.
 */
import { rewriteSchema, type Side } from '@ficus/core';
import { Breaker, type BreakerState } from '../resilience/breaker.ts';
import { backoffMs, RetryBudget } from '../resilience/retry-budget.ts';
import type { ProblemAnswer } from '../respond/answer-problem.ts';
import type { ResponseHead } from '../respond/response-amendments.ts';
import { type ClientOrigin, compileResponseRewrite } from '../respond/rewrite-response.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { foundNoPlace, foundNoPlaceForAnswer, type Outcome } from '../wire/outcome.ts';

const DEFAULTS = rewriteSchema.parse({});

export class LiveUpstream {
  readonly upstream: Upstream;
  readonly side: Side;
  /** In answers to clients: `legacy`, or the slice's name. */
  readonly shownName: string;
  readonly breaker: Breaker;
  /** Replaces the upstream's own address and base path by the proxy's in the head of an answer. */
  readonly rewritePlaces: (head: ResponseHead, origin: ClientOrigin) => void;
  readonly budget: RetryBudget;
  /** Its health checks fail, at every address. Changes when the primary reports so. */
  failsChecks = false;
  readonly #concurrency: number;
  #underWay = 0;
  /** The last failure was an answer. */
  #errs = false;

  constructor(
    upstream: Upstream,
    side: Side,
    shownName: string,
    onBreakerChange: (state: BreakerState['kind']) => void,
    now: number,
  ) {
    const { config } = upstream;
    this.side = side;
    this.shownName = shownName;
    this.upstream = upstream;
    this.rewritePlaces = compileResponseRewrite(DEFAULTS, upstream, '', '');
    this.breaker = new Breaker(config.breaker, onBreakerChange);
    this.budget = new RetryBudget(config.retry, now);
    this.#concurrency = config.concurrency ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Takes a place before an attempt; returns the reason when there is none.
   * @param first whether it is the request's first attempt, which earns a share of a retry
   */
  tryEnter(now: number, first: boolean): ProblemAnswer | undefined {
    if (this.#underWay >= this.#concurrency) {
      const detail = `Too many requests to ${this.shownName} are in progress.`;
      return { code: 'FICUS_PROXY_OVERLOADED', detail, retryAfterSeconds: 1 };
    }
    // The legacy's breaker only counts: failing fast there would turn a short failure into an outage.
    if (!this.breaker.enter(now) && this.side === 'candidate') return this.breakerOpenAnswer;
    this.#underWay += 1;
    if (first) this.budget.deposit();
    return undefined;
  }

  /** Pause before the next attempt. */
  pauseMs(attempts: number): number {
    return backoffMs(attempts, this.upstream.config.retry.backoffMs, Math.random);
  }

  /** The answer while the breaker is open. */
  get breakerOpenAnswer(): ProblemAnswer {
    return {
      code: 'FICUS_PROXY_BREAKER_OPEN',
      detail: `The candidate of ${this.shownName} is unhealthy; its circuit breaker is open.`,
      retryAfterSeconds: Math.ceil(this.upstream.config.breaker.openMs / 1000),
    };
  }

  /** In details of its failures. */
  get describedName(): string {
    return this.failsChecks ? `${this.shownName} (whose health checks fail)` : this.shownName;
  }

  /** Whether its breaker is not closed because the candidate answers with 500 and above. */
  get opensOnErrors(): boolean {
    return this.side === 'candidate' && this.#errs && this.breaker.state !== 'closed';
  }

  /** Gives the place back: the attempt has ended, or has become one without an end. */
  leavePlace(): void {
    this.#underWay -= 1;
  }

  /** The breaker counts the outcome of an attempt. */
  noteOutcome(outcome: Outcome, now: number): void {
    if (outcome.kind === 'withdrawn') return;
    if (outcome.kind === 'failed' && !foundNoPlaceForAnswer(outcome)) {
      // A client that disconnected, or a full pool, says nothing about the upstream's health.
      if (outcome.side === 'upstream' && !foundNoPlace(outcome)) this.#failed(now, false);
    } else this.noteStatus(outcome.status, now);
  }

  /** The same for an answer that may have no end: it must not keep a half-open breaker waiting. */
  noteStatus(status: number, now: number): void {
    // The legacy's own 500s never open its breaker: there is no other side to use.
    if (this.side === 'candidate' && status >= 500) this.#failed(now, true);
    else this.breaker.succeeded();
  }

  #failed(now: number, errs: boolean): void {
    this.#errs = errs;
    this.breaker.failed(now);
  }
}
