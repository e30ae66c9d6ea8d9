/**
 * When the proxies had writes of each observed slice under way, by their reports. Memory is bounded, for each owner of a
 * token apart: what is older than an hour, or beyond a bound, is forgotten, and then not known, so that it explains no
 * writer. Lost at a restart. The caller supplies the clock.
 *
 * A proxy's clock is compared by the reports themselves: each says when it was sent, and the quickest of them needs 50 ms at
 * most.
 */
import type { BusyInterval, ProxyReport } from '@ficus/core';
import type { BusyEvidence } from './note-place.ts';

export type BusyReport = Pick<ProxyReport, 'proxyId' | 'number' | 'busy' | 'busyUntilMs' | 'clockMs'>;

/** What has to be added to a database's time to get the control plane's, and by how much that may be wrong. */
export interface ClockOffset {
  readonly offsetMs: number;
  readonly errorMs: number;
}

interface SliceIntervals {
  /** By the proxy's clock, in order. */
  intervals: readonly BusyInterval[];
  /** Complete from here on; infinite until all workers of the proxy have reported. By the proxy's clock. */
  knownFromMs: number;
  /** Arrival of the first report with this slice. */
  readonly since: number;
}

interface ReportingProxy {
  lastReportAt: number;
  /** All intervals up to here are known; by its clock. */
  untilMs: number;
  /** Before this it was not there; by this machine's clock. */
  readonly beganAt: number;
  /** Least time from the sending of a report to its arrival, by both clocks: in this period, and in the one before. */
  leastDelaysMs: readonly [number, number];
  periodSince: number;
  readonly slices: Map<string, SliceIntervals>;
}

const KEPT_MS = 3_600_000;
/** One that is silent for longer has ended, or has been counted out. */
const LISTED_MS = 60_000;
/** Of one slice and proxy: twenty a second for an hour. */
const MOST_INTERVALS = 72_000;
/** Of one owner, over all slices and proxies: some 15 MB. A note is placed within half a minute of its writing. */
const MOST_OF_OWNER = 200_000;
/** Of one owner. */
const MOST_PROXIES = 1_000;
const QUICKEST_REPORT_MS = 50;
const LATEST_FIRST_REPORT_MS = 2_000;
const ALWAYS = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
/** Clocks are corrected: earlier reports say nothing about the present one. */
const PERIOD_MS = 300_000;

export class BusyIntervals {
  /** By owner; undefined without tokens. The proxy that was silent longest is first. */
  readonly #owners = new Map<string | undefined, Map<string, ReportingProxy>>();

  /** @param owner of the proxy's token, of which its id is */
  take({ proxyId, number, busy, busyUntilMs, clockMs }: BusyReport, now: number, owner?: string): void {
    this.#forget(now);
    const proxies = this.#owners.get(owner) ?? new Map<string, ReportingProxy>();
    this.#owners.set(owner, proxies);
    // One that begins sends its first report within a second of its first request.
    const beganAt = number === 1 ? now - LATEST_FIRST_REPORT_MS : Number.NEGATIVE_INFINITY;
    const proxy = proxies.get(proxyId) ?? newProxy(beganAt);
    proxies.delete(proxyId);
    proxies.set(proxyId, proxy);
    if (proxies.size > MOST_PROXIES) proxies.delete(proxies.keys().next().value!);
    proxy.lastReportAt = now;
    for (const slice of proxy.slices.keys())
      if (busy === undefined || !Object.hasOwn(busy, slice)) proxy.slices.delete(slice);
    if (clockMs !== undefined) noteDelay(proxy, now - clockMs, now);
    if (busyUntilMs !== undefined) proxy.untilMs = busyUntilMs;
    for (const [slice, intervals] of Object.entries(busy ?? {})) {
      const known = proxy.slices.get(slice) ?? {
        intervals: [],
        knownFromMs: Number.POSITIVE_INFINITY,
        since: now,
      };
      const began = beganIn(known, proxy, busyUntilMs);
      proxy.slices.set(slice, joined(began, intervals, now - offsetOf(proxy) - KEPT_MS));
    }
    boundOwner(proxies);
  }

  /** Proxies that reported within the last minute, and how many of them report when they write. */
  counts(slice: string, now: number): { readonly proxies: number; readonly reporting: number } {
    const listed = this.#listed(now);
    return { proxies: listed.length, reporting: listed.filter(({ slices }) => slices.has(slice)).length };
  }

  /** Of all proxies together, in the time since `fromMs` of this machine's clock. */
  evidence(slice: string, database: ClockOffset, fromMs: number, now: number): BusyEvidence {
    const errorMs = database.errorMs + QUICKEST_REPORT_MS;
    const own = this.#all().flatMap((proxy) => {
      const of = proxy.slices.get(slice);
      return of ? [{ proxy, of, offsetMs: offsetOf(proxy) }] : [];
    });
    const intervals = own.flatMap(({ of, offsetMs }) =>
      since(of.intervals, fromMs - errorMs - offsetMs).map(
        ([from, to]) => [from + offsetMs, to + offsetMs] as const,
      ),
    );
    return {
      intervals: merged(intervals),
      offsetMs: database.offsetMs,
      errorMs,
      unknown: this.#unknown(slice, now),
    };
  }

  #unknown(slice: string, now: number): BusyEvidence['unknown'] {
    const listed = this.#listed(now);
    if (listed.length === 0) return [ALWAYS];
    return listed.flatMap((proxy) => {
      const { beganAt, slices, untilMs } = proxy;
      const of = slices.get(slice);
      const [, never] = ALWAYS;
      if (of === undefined || of.knownFromMs === never) return [[beganAt, never] as const];
      const offsetMs = offsetOf(proxy);
      return [[beganAt, of.knownFromMs + offsetMs] as const, [untilMs + offsetMs, never] as const];
    });
  }

  #listed(now: number): ReportingProxy[] {
    return this.#all().filter(({ lastReportAt }) => lastReportAt >= now - LISTED_MS);
  }

  #all(): ReportingProxy[] {
    return [...this.#owners.values()].flatMap((proxies) => [...proxies.values()]);
  }

  #forget(now: number): void {
    for (const proxies of this.#owners.values())
      for (const [id, { lastReportAt }] of proxies) {
        if (lastReportAt >= now - KEPT_MS) break;
        proxies.delete(id);
      }
  }
}

const newProxy = (beganAt: number): ReportingProxy => ({
  beganAt,
  lastReportAt: 0,
  untilMs: 0,
  leastDelaysMs: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  periodSince: 0,
  slices: new Map(),
});

function noteDelay(proxy: ReportingProxy, delayMs: number, now: number): void {
  const [present, before] = proxy.leastDelaysMs;
  const isOver = now - proxy.periodSince > PERIOD_MS;
  proxy.leastDelaysMs = isOver ? [delayMs, present] : [Math.min(present, delayMs), before];
  if (isOver) proxy.periodSince = now;
}

/** What has to be added to the proxy's time: the quickest report's, as if it had needed half of its most. */
function offsetOf({ leastDelaysMs }: ReportingProxy): number {
  const least = Math.min(...leastDelaysMs);
  return Number.isFinite(least) ? least - QUICKEST_REPORT_MS / 2 : 0;
}

/**
 * Complete from the first end of reported times that lies behind the first report: an earlier one may be of the time before
 * the slice was observed.
 */
function beganIn(known: SliceIntervals, proxy: ReportingProxy, untilMs: number | undefined): SliceIntervals {
  if (known.knownFromMs !== Number.POSITIVE_INFINITY || untilMs === undefined) return known;
  return untilMs + offsetOf(proxy) < known.since ? known : { ...known, knownFromMs: untilMs };
}

function joined(known: SliceIntervals, added: readonly BusyInterval[], oldest: number): SliceIntervals {
  const current = since(known.intervals, oldest);
  // Only the last ones can be touched by what is new.
  const touched = since(current, added[0]?.[0] ?? Number.POSITIVE_INFINITY);
  const all = [...current.slice(0, current.length - touched.length), ...merged([...touched, ...added])];
  return lastOf(
    { ...known, intervals: all, knownFromMs: Math.max(known.knownFromMs, oldest) },
    MOST_INTERVALS,
  );
}

/** A proxy that makes up times loses its own first: of the one with the most, the older half is forgotten. */
function boundOwner(proxies: ReadonlyMap<string, ReportingProxy>): void {
  for (;;) {
    let [total, most] = [0, 1];
    let longest: { slices: Map<string, SliceIntervals>; slice: string; known: SliceIntervals } | undefined;
    for (const { slices } of proxies.values())
      for (const [slice, known] of slices) {
        const { length } = known.intervals;
        total += length;
        if (length <= most) continue;
        most = length;
        longest = { slices, slice, known };
      }
    if (total <= MOST_OF_OWNER || longest === undefined) return;
    longest.slices.set(longest.slice, lastOf(longest.known, most >> 1));
  }
}

function lastOf(known: SliceIntervals, most: number): SliceIntervals {
  const { intervals, knownFromMs } = known;
  if (intervals.length <= most) return known;
  const kept = intervals.slice(-most);
  return { ...known, intervals: kept, knownFromMs: Math.max(knownFromMs, kept[0]![0]) };
}

/** A report that arrives twice changes nothing. */
function merged(intervals: readonly BusyInterval[]): BusyInterval[] {
  const all: [number, number][] = [];
  for (const [from, to] of [...intervals].sort(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** The last ones, from the first that ends at or after `fromMs`. */
function since(intervals: readonly BusyInterval[], fromMs: number): readonly BusyInterval[] {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]![1] < fromMs) low = middle + 1;
    else high = middle;
  }
  return intervals.slice(low);
}
