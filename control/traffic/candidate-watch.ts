/**
 * Whether the candidates answer, from what proxies see: open circuit breakers, reads that fell back, copies without an
 * answer. The stage is derived from flags alone; this is what stands beside it. The caller supplies the clock.
 */
import type { ProxyReport } from '@ficus/core';

export interface CandidateFacts {
  /** `fails`: it does not answer; `unknown`: nothing was sent to it since the control plane started. */
  readonly state: 'answers' | 'fails' | 'unknown';
  /** Milliseconds; since when it does not answer. */
  readonly failingSince: number | undefined;
  /** Milliseconds; its last known answer. */
  readonly answeredAt: number | undefined;
  /** Workers of proxies whose circuit breaker for it is open. */
  readonly breakersOpen: number;
}

interface OpenBreakers {
  readonly workers: number;
  readonly reportedAt: number;
}

interface Seen {
  readonly openBreakers: Map<string, OpenBreakers>;
  openSince: number | undefined;
  failures: number;
  failingSince: number | undefined;
  answeredAt: number | undefined;
}

/** A single failure among answers is none of the candidate as a whole. */
const FAILURES_IN_A_ROW = 3;
/** A proxy with an open breaker reports each second: this one has ended, or lost its link. */
const SILENT_MS = 15_000;

export class CandidateWatch {
  readonly #slices = new Map<string, Seen>();

  /** @param report reduced to slices of the config */
  takeReport(
    { proxyId, traffic, breakersOpen = {} }: ProxyReport,
    slices: readonly string[],
    now: number,
  ): void {
    for (const slice of slices) {
      const workers = Object.hasOwn(breakersOpen, slice) ? breakersOpen[slice]! : 0;
      const counts = traffic.filter((count) => count.slice === slice);
      if (workers > 0) this.#seen(slice).openBreakers.set(proxyId, { workers, reportedAt: now });
      else this.#closed(slice, proxyId);
      const answered = counts.some(
        ({ side, requests, failures }) => side === 'candidate' && requests > failures,
      );
      const fellBack = counts.filter(({ reason }) => reason === 'fell-back');
      if (answered) this.answered(slice, now);
      else
        this.#failed(
          slice,
          fellBack.reduce((total, { requests }) => total + requests, 0),
          now,
        );
    }
    this.#dropSilent(now);
  }

  answered(slice: string, now: number): void {
    const seen = this.#seen(slice);
    seen.answeredAt = now;
    seen.failures = 0;
    seen.failingSince = undefined;
  }

  failed(slice: string, now: number): void {
    this.#failed(slice, 1, now);
  }

  view(slice: string, now: number): CandidateFacts {
    this.#dropSilent(now);
    const seen = this.#slices.get(slice);
    if (!seen) return { state: 'unknown', failingSince: undefined, answeredAt: undefined, breakersOpen: 0 };
    const { openBreakers, openSince, answeredAt, failures } = seen;
    const breakersOpen = [...openBreakers.values()].reduce((total, { workers }) => total + workers, 0);
    const since = failures >= FAILURES_IN_A_ROW ? seen.failingSince : undefined;
    const failingSince = Math.min(openSince ?? Number.POSITIVE_INFINITY, since ?? Number.POSITIVE_INFINITY);
    if (failingSince !== Number.POSITIVE_INFINITY)
      return { state: 'fails', failingSince, answeredAt, breakersOpen };
    const state = answeredAt === undefined ? 'unknown' : 'answers';
    return { state, failingSince: undefined, answeredAt, breakersOpen };
  }

  #failed(slice: string, requests: number, now: number): void {
    if (requests === 0) return;
    const seen = this.#seen(slice);
    seen.failures += requests;
    seen.failingSince ??= now;
  }

  /** A breaker closes because its probe was answered. */
  #closed(slice: string, proxyId: string): void {
    const seen = this.#slices.get(slice);
    if (!seen?.openBreakers.delete(proxyId)) return;
    seen.failures = 0;
    seen.failingSince = undefined;
  }

  #dropSilent(now: number): void {
    for (const seen of this.#slices.values()) {
      for (const [proxyId, { reportedAt }] of seen.openBreakers)
        if (reportedAt < now - SILENT_MS) seen.openBreakers.delete(proxyId);
      seen.openSince = seen.openBreakers.size === 0 ? undefined : (seen.openSince ?? now);
    }
  }

  #seen(slice: string): Seen {
    const known = this.#slices.get(slice);
    if (known) return known;
    const fresh: Seen = {
      openBreakers: new Map(),
      openSince: undefined,
      failures: 0,
      failingSince: undefined,
      answeredAt: undefined,
    };
    this.#slices.set(slice, fresh);
    return fresh;
  }
}
