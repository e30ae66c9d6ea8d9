/** The proxies' counts in a sliding window. The caller supplies the clock. */
import type { Unmeasured } from '@ficus/contract';
import { isUnderFlag, type ProxyReport, type Side, sharePercent, type TrafficCount } from '@ficus/core';

interface SideTraffic {
  readonly requests: number;
  readonly failures: number;
  readonly meanMs: number | null;
}

interface TrafficView {
  readonly windowSeconds: number;
  readonly legacy: SideTraffic;
  readonly candidate: SideTraffic;
  /** Why a side served, with counts. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Share of `measuredRequests` that the candidate served, 0–100, one decimal; `null` without any. */
  readonly candidateSharePercent: number | null;
  /** Requests that the serve flag decided, in the period of the measurement. */
  readonly measuredRequests: number;
  /** Why there is no share; `null` while there is one. */
  readonly unmeasured: Unmeasured | null;
  /** Requests in the window that no route of any slice matched. */
  readonly outsideRequests: number;
  /** The period of the measurement: the window, or the time since the serve flag was changed. */
  readonly shareSeconds: number;
}

/** One second, added up over all proxies. */
interface Bucket {
  readonly second: number;
  readonly counts: Map<string, TrafficCount>;
}

const WINDOW_SECONDS = 60;
/** A report within this time after a change may cover requests from before it. */
const REPORT_SECONDS = 1;
/** So soon after a change the absence of reports says nothing. */
const SETTLED_SECONDS = 3;
/** The slice of requests that no route matched. */
const OUTSIDE = '';

export class TrafficWindow {
  readonly #buckets = new Map<string, Bucket[]>();
  readonly #totals = new Map<string, TrafficCount>();

  add({ traffic }: Pick<ProxyReport, 'traffic'>, now: number): void {
    const second = Math.floor(now / 1000);
    for (const count of traffic) {
      addTo(this.#bucket(count.slice, second).counts, count);
      addTo(this.#totals, count);
    }
  }

  /**
   * The last minute of one slice.
   * @param serveChangedAt when the serve flag was last changed, in milliseconds: earlier requests say nothing about
   * the present share
   */
  view(slice: string, now: number, serveChangedAt = Number.NEGATIVE_INFINITY): TrafficView {
    const second = Math.floor(now / 1000);
    const oldest = second - WINDOW_SECONDS;
    const recent = this.#recent(slice, oldest);
    const counts = countsOf(recent);
    const changed = Math.max(oldest, Math.floor(serveChangedAt / 1000) + REPORT_SECONDS);
    const since = countsOf(recent.filter((bucket) => bucket.second > changed));
    const underFlag = since.filter((count) => isUnderFlag(count.reason));
    const all = sum(underFlag, 'requests');
    const shareSeconds = Math.max(0, second - changed);
    const candidate = sum(
      underFlag.filter((count) => count.side === 'candidate'),
      'requests',
    );
    return {
      windowSeconds: WINDOW_SECONDS,
      legacy: sideTraffic(counts, 'legacy'),
      candidate: sideTraffic(counts, 'candidate'),
      reasons: byReason(counts),
      candidateSharePercent: sharePercent(candidate, all),
      measuredRequests: all,
      unmeasured: all === 0 ? whyUnmeasured(counts, since, shareSeconds) : null,
      outsideRequests: sum(countsOf(this.#recent(OUTSIDE, oldest)), 'requests'),
      shareSeconds,
    };
  }

  #recent(slice: string, oldest: number): readonly Bucket[] {
    return (this.#buckets.get(slice) ?? []).filter((bucket) => bucket.second > oldest);
  }

  /** Since the control plane started, one entry per (slice, route, side, reason). */
  totalCounts(): readonly TrafficCount[] {
    return [...this.#totals.values()];
  }

  #bucket(slice: string, second: number): Bucket {
    const buckets = this.#buckets.get(slice) ?? [];
    const last = buckets.at(-1);
    if (last?.second === second) return last;
    const fresh: Bucket = { second, counts: new Map() };
    const kept = buckets.filter((bucket) => bucket.second > second - WINDOW_SECONDS);
    this.#buckets.set(slice, [...kept, fresh]);
    return fresh;
  }
}

/** A table beside it may be full of requests: each reason is another one. @param since counts since the flag changed */
function whyUnmeasured(
  counts: readonly TrafficCount[],
  since: readonly TrafficCount[],
  shareSeconds: number,
): Unmeasured {
  if (sum(counts, 'requests') === 0) return 'no traffic';
  if (shareSeconds < SETTLED_SECONDS) return 'measuring since the flag changed';
  return sum(since, 'requests') === 0
    ? 'no request since the flag changed'
    : 'no request that the flag decides';
}

const countsOf = (buckets: readonly Bucket[]): readonly TrafficCount[] =>
  buckets.flatMap((bucket) => [...bucket.counts.values()]);

function addTo(sums: Map<string, TrafficCount>, count: TrafficCount): void {
  const key = JSON.stringify([count.slice, count.route, count.side, count.reason]);
  const known = sums.get(key);
  sums.set(
    key,
    known
      ? {
          ...known,
          requests: known.requests + count.requests,
          failures: known.failures + count.failures,
          durationMs: known.durationMs + count.durationMs,
        }
      : count,
  );
}

function sideTraffic(counts: readonly TrafficCount[], side: Side): SideTraffic {
  const mine = counts.filter((count) => count.side === side);
  const requests = sum(mine, 'requests');
  return {
    requests,
    failures: sum(mine, 'failures'),
    meanMs: requests === 0 ? null : sum(mine, 'durationMs') / requests,
  };
}

function byReason(counts: readonly TrafficCount[]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const { reason, requests } of counts) reasons[reason] = (reasons[reason] ?? 0) + requests;
  return reasons;
}

function sum(counts: readonly TrafficCount[], field: 'requests' | 'failures' | 'durationMs'): number {
  return counts.reduce((total, count) => total + count[field], 0);
}
