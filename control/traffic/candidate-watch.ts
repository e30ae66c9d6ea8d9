/**
 * Whether the candidates answer, from what proxies see: failing health checks, open circuit breakers, reads that fell
 * back, copies without an answer. The stage is derived from flags alone; this is what stands beside it. The caller supplies the clock.
 */
import type { ProxyReport } from '@ficus/core';

export type Failure = 'no answer' | 'errors';

export interface CandidateFacts {
  /**
   * `fails`: it does not answer, or with errors; `unknown`: nothing was sent to it since the control plane started. With open
   * breakers and answers to other workers it `answers`, and has a `failingSince`.
   */
  readonly state: 'answers' | 'fails' | 'unknown';
  /** Milliseconds; since when it fails, or not all workers have answers. */
  readonly failingSince: number | undefined;
  /** How it fails: it gives no answer, or one of 500 and above. */
  readonly failure: Failure | undefined;
  /** Milliseconds; when a request or a copy was last known to be sent to it. */
  readonly askedAt: number | undefined;
  /** Milliseconds; its last known answer. */
  readonly answeredAt: number | undefined;
  /** Workers of proxies whose circuit breaker for it is open. */
  readonly breakersOpen: number;
  /** Proxies whose health checks it fails. */
  readonly failingChecks: number;
}

/** What one proxy reports. */
interface Trouble {
  /** Whose breaker is open. */
  readonly workers: number;
  /** Of these, because it answers with errors. */
  readonly erring: number;
  readonly failsChecks: boolean;
  readonly reportedAt: number;
}

interface Seen {
  /** By proxy. */
  readonly troubles: Map<string, Trouble>;
  troubleSince: number | undefined;
  failures: number;
  /** Of the newest failure. */
  failure: Failure;
  failingSince: number | undefined;
  askedAt: number | undefined;
  answeredAt: number | undefined;
}

/** A single failure among answers is none of the candidate as a whole. */
const FAILURES_IN_A_ROW = 3;
/** A proxy that has trouble reports each second: this one has ended, or lost its link. */
const SILENT_MS = 15_000;
/** Answers that are reported so soon after a breaker opened may be from before. */
const REPORTED_LATE_MS = 2_000;
/** Traffic of the other workers that came to an end says nothing about now. */
const ANSWERED_LATELY_MS = 15_000;

const UNKNOWN: CandidateFacts = {
  state: 'unknown',
  failingSince: undefined,
  failure: undefined,
  askedAt: undefined,
  answeredAt: undefined,
  breakersOpen: 0,
  failingChecks: 0,
};

export class CandidateWatch {
  readonly #slices = new Map<string, Seen>();

  /** @param report of a listed proxy (listed-proxies.ts bounds them), or one without troubles; reduced to slices of the config */
  takeReport(
    { proxyId, traffic, breakersOpen = {}, breakersOnErrors = {}, failingChecks }: ProxyReport,
    slices: readonly string[],
    now: number,
  ): void {
    for (const slice of slices) {
      const workers = workersOf(breakersOpen, slice);
      const erring = workersOf(breakersOnErrors, slice);
      const counts = traffic.filter((count) => count.slice === slice);
      const failsChecks = failingChecks?.candidates.includes(slice) === true;
      if (workers > 0 || failsChecks)
        this.#troubled(slice, proxyId, { workers, erring, failsChecks, reportedAt: now });
      else this.#settled(slice, proxyId);
      const answered = counts.some(
        ({ side, requests, failures }) => side === 'candidate' && requests > failures,
      );
      const fellBack = counts.filter(({ reason }) => reason === 'fell-back');
      if (fellBack.length > 0 || counts.some(({ side }) => side === 'candidate'))
        this.#seen(slice).askedAt = now;
      if (answered) this.answered(slice, now);
      else
        this.#failed(
          slice,
          fellBack.reduce((total, { requests }) => total + requests, 0),
          'no answer',
          now,
        );
    }
    this.#dropSilent(now);
  }

  answered(slice: string, now: number): void {
    const seen = this.#seen(slice);
    seen.answeredAt = now;
    seen.askedAt = now;
    seen.failures = 0;
    seen.failingSince = undefined;
  }

  /** A copy had no answer, or an error where the legacy had none. */
  failed(slice: string, failure: Failure, now: number): void {
    this.#seen(slice).askedAt = now;
    this.#failed(slice, 1, failure, now);
  }

  view(slice: string, now: number): CandidateFacts {
    this.#dropSilent(now);
    const seen = this.#slices.get(slice);
    if (!seen) return UNKNOWN;
    const { troubleSince, answeredAt, askedAt, failures } = seen;
    const troubles = [...seen.troubles.values()];
    const breakersOpen = troubles.reduce((total, { workers }) => total + workers, 0);
    const failingChecks = troubles.filter(({ failsChecks }) => failsChecks).length;
    const erring = troubles.reduce((total, trouble) => total + trouble.erring, 0);
    const failure = breakersOpen === 0 ? seen.failure : erring > 0 ? 'errors' : 'no answer';
    const counts = { breakersOpen, failingChecks, askedAt };
    const since = failures >= FAILURES_IN_A_ROW ? seen.failingSince : undefined;
    const failingSince = Math.min(
      troubleSince ?? Number.POSITIVE_INFINITY,
      since ?? Number.POSITIVE_INFINITY,
    );
    if (failingSince !== Number.POSITIVE_INFINITY) {
      if (failingChecks === 0 && since === undefined && answersInTrouble(seen, now))
        return { state: 'answers', failingSince, failure: undefined, answeredAt, ...counts };
      return { state: 'fails', failingSince, failure, answeredAt, ...counts };
    }
    const state = answeredAt === undefined ? 'unknown' : 'answers';
    return { state, failingSince: undefined, failure: undefined, answeredAt, ...counts };
  }

  /** A breaker opens because its requests failed: the candidate has just been asked. */
  #troubled(slice: string, proxyId: string, trouble: Trouble): void {
    const seen = this.#seen(slice);
    if (trouble.workers > (seen.troubles.get(proxyId)?.workers ?? 0)) seen.askedAt = trouble.reportedAt;
    seen.troubles.set(proxyId, trouble);
  }

  #failed(slice: string, requests: number, failure: Failure, now: number): void {
    if (requests === 0) return;
    const seen = this.#seen(slice);
    seen.failure = failure;
    seen.failures += requests;
    seen.failingSince ??= now;
  }

  /** A breaker closes because its probe was answered, checks pass because they are. */
  #settled(slice: string, proxyId: string): void {
    const seen = this.#slices.get(slice);
    if (!seen?.troubles.delete(proxyId)) return;
    seen.failures = 0;
    seen.failingSince = undefined;
  }

  #dropSilent(now: number): void {
    for (const seen of this.#slices.values()) {
      for (const [proxyId, { reportedAt }] of seen.troubles)
        if (reportedAt < now - SILENT_MS) seen.troubles.delete(proxyId);
      seen.troubleSince = seen.troubles.size === 0 ? undefined : (seen.troubleSince ?? now);
    }
  }

  #seen(slice: string): Seen {
    const known = this.#slices.get(slice);
    if (known) return known;
    const fresh: Seen = {
      troubles: new Map(),
      troubleSince: undefined,
      failures: 0,
      failure: 'no answer',
      failingSince: undefined,
      askedAt: undefined,
      answeredAt: undefined,
    };
    this.#slices.set(slice, fresh);
    return fresh;
  }
}

const workersOf = (counts: Readonly<Record<string, number>>, slice: string): number =>
  Object.hasOwn(counts, slice) ? counts[slice]! : 0;

/** Whether other workers had answers while breakers were open. */
function answersInTrouble({ troubleSince, answeredAt }: Seen, now: number): boolean {
  if (troubleSince === undefined || answeredAt === undefined) return false;
  return answeredAt >= troubleSince + REPORTED_LATE_MS && answeredAt >= now - ANSWERED_LATELY_MS;
}
