/**
 * Step 7, observe: counts of a worker. The hot path adds numbers to typed arrays by index; names are added
 * once a second, when the deltas go to the primary, which keeps the totals over all workers.
 */
import {
  type DroppedCopies,
  type DropReason,
  REASONS,
  type Reason,
  type Side,
  type TrafficCount,
} from '@ficus/core';
import type { MatchedRoute } from '../match/route-table.ts';
import type { Failed } from '../wire/outcome.ts';

/** Upper bounds of the duration histogram in milliseconds; the last bucket is everything above. */
export const BUCKET_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;
const BUCKETS = BUCKET_BOUNDS_MS.length + 1;

/** For each route, side and reason: requests, failures, milliseconds. */
const CELL = 3;
const CELLS_PER_ROUTE = 2 * REASONS.length * CELL;
const PLACE = Object.fromEntries(REASONS.map((reason, at) => [reason, at])) as Readonly<
  Record<Reason, number>
>;

export interface DurationDelta {
  readonly slice: string;
  readonly side: Side;
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** What happened in a worker since its last report. */
export interface CountersDelta {
  readonly traffic: readonly TrafficCount[];
  readonly durations: readonly DurationDelta[];
  readonly droppedCopies: readonly DroppedCopies[];
  /** Series of a plain counter, `name{label="value"}`, with what to add. */
  readonly plain: Readonly<Record<string, number>>;
}

export class TrafficCounters {
  readonly #routes: readonly MatchedRoute[];
  readonly #slices: readonly string[];
  readonly #sliceOfRoute: Uint16Array;
  /** One route more than the config has: requests that no route matched. */
  readonly #cells: Float64Array;
  readonly #buckets: Float64Array;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;
  /** Cells and histograms that are not zero: most of a large config's never are, and a report must not walk through all. */
  readonly #usedCells: number[] = [];
  readonly #usedHistograms: number[] = [];
  #plain = new Map<string, number>();
  #dropped = new Map<string, DroppedCopies>();

  constructor(routes: readonly MatchedRoute[], slices: readonly string[]) {
    this.#routes = routes;
    this.#slices = slices;
    this.#sliceOfRoute = Uint16Array.from(routes, (route) => slices.indexOf(route.slice));
    this.#cells = new Float64Array((routes.length + 1) * CELLS_PER_ROUTE);
    this.#buckets = new Float64Array((slices.length + 1) * 2 * BUCKETS);
    this.#sums = new Float64Array((slices.length + 1) * 2);
    this.#counts = new Float64Array((slices.length + 1) * 2);
  }

  /** @param route undefined when no route matched */
  count(route: MatchedRoute | undefined, side: Side, reason: Reason, failed: boolean, ms: number): void {
    const routeAt = route === undefined ? this.#routes.length : route.index;
    const sideAt = side === 'legacy' ? 0 : 1;
    const cell = routeAt * CELLS_PER_ROUTE + (sideAt * REASONS.length + PLACE[reason]) * CELL;
    if (this.#cells[cell] === 0) this.#usedCells.push(cell);
    this.#cells[cell]! += 1;
    if (failed) this.#cells[cell + 1]! += 1;
    this.#cells[cell + 2]! += ms;
    const slice = route === undefined ? this.#slices.length : this.#sliceOfRoute[routeAt]!;
    const histogram = slice * 2 + sideAt;
    if (this.#counts[histogram] === 0) this.#usedHistograms.push(histogram);
    this.#counts[histogram]! += 1;
    this.#buckets[histogram * BUCKETS + bucketOf(ms)]! += 1;
    this.#sums[histogram]! += ms;
  }

  /** A plain counter, for what is not on the hot path. */
  add(series: string, amount = 1): void {
    this.#plain.set(series, (this.#plain.get(series) ?? 0) + amount);
  }

  /** A failed exchange, by upstream, side, phase and cause. */
  countFailed(upstream: string, { side, phase, cause }: Failed): void {
    const labels = `upstream="${upstream}",side="${side}",phase="${phase}",cause="${cause}"`;
    this.add(`ficus_upstream_failures_total{${labels}}`);
  }

  dropCopy(slice: string, reason: DropReason): void {
    const key = `${slice} ${reason}`;
    const copies = (this.#dropped.get(key)?.copies ?? 0) + 1;
    this.#dropped.set(key, { slice, reason, copies });
  }

  /** The deltas since the last call; undefined when nothing happened. */
  take(): CountersDelta | undefined {
    const traffic = this.#takeTraffic();
    const durations = traffic.length > 0 ? this.#takeDurations() : [];
    const plain = Object.fromEntries(this.#plain);
    const droppedCopies = [...this.#dropped.values()];
    const quiet = traffic.length === 0 && this.#plain.size === 0 && droppedCopies.length === 0;
    this.#plain.clear();
    this.#dropped.clear();
    return quiet ? undefined : { traffic, durations, droppedCopies, plain };
  }

  #takeTraffic(): TrafficCount[] {
    const counts = this.#usedCells.sort(ascending).map((cell) => {
      const route = this.#routes[Math.floor(cell / CELLS_PER_ROUTE)];
      const variant = (cell % CELLS_PER_ROUTE) / CELL;
      return {
        slice: route?.slice ?? '',
        route: route?.route.id ?? '',
        side: sideOf(variant < REASONS.length),
        reason: REASONS[variant % REASONS.length]!,
        requests: this.#cells[cell]!,
        failures: this.#cells[cell + 1]!,
        durationMs: this.#cells[cell + 2]!,
      };
    });
    for (const cell of this.#usedCells) this.#cells.fill(0, cell, cell + CELL);
    this.#usedCells.length = 0;
    return counts;
  }

  #takeDurations(): DurationDelta[] {
    const deltas = this.#usedHistograms.sort(ascending).map((at) => ({
      slice: this.#slices[Math.floor(at / 2)] ?? '',
      side: sideOf(at % 2 === 0),
      counts: [...this.#bucketsOf(at)],
      sumMs: this.#sums[at]!,
    }));
    for (const at of this.#usedHistograms) {
      this.#bucketsOf(at).fill(0);
      this.#sums[at] = 0;
      this.#counts[at] = 0;
    }
    this.#usedHistograms.length = 0;
    return deltas;
  }

  #bucketsOf(histogram: number): Float64Array {
    return this.#buckets.subarray(histogram * BUCKETS, (histogram + 1) * BUCKETS);
  }
}

const ascending = (a: number, b: number): number => a - b;

function sideOf(legacy: boolean): Side {
  return legacy ? 'legacy' : 'candidate';
}

function bucketOf(ms: number): number {
  let bucket = 0;
  while (bucket < BUCKET_BOUNDS_MS.length && ms > BUCKET_BOUNDS_MS[bucket]!) bucket += 1;
  return bucket;
}
