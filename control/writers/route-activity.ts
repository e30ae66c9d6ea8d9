/**
 * Which routes were asked in the last two minutes, by the proxies' reports: a route of the kind `read` that writes shows as a
 * write while it was asked. A hint for people; nothing is explained by it. The caller supplies the clock.
 */
import type { TrafficCount } from '@ficus/core';

interface Period {
  readonly at: number;
  /** Slice → routes. */
  readonly routes: ReadonlyMap<string, ReadonlySet<string>>;
}

const KEPT_MS = 120_000;
/** A request is counted when it ends, in the report of the next second. */
const REPORTED_WITHIN_MS = 3_000;
/** What no route matched. */
const OUTSIDE = '';

export class RouteActivity {
  #periods: Period[] = [];

  take(traffic: readonly TrafficCount[], now: number): void {
    const routes = new Map<string, Set<string>>();
    for (const { slice, route } of traffic) {
      const known = routes.get(slice) ?? new Set();
      routes.set(slice, known.add(route));
    }
    this.#periods = this.#periods.filter(({ at }) => at >= now - KEPT_MS);
    if (routes.size > 0) this.#periods.push({ at: now, routes });
  }

  /**
   * Asked while something was written: those of the slice by their ids, of another slice as `slice/route`, and
   * `other requests` for what no route matched. Undefined when that time is not known any more.
   */
  asked(slice: string, fromMs: number, toMs: number, now: number): readonly string[] | undefined {
    if (fromMs < now - KEPT_MS) return undefined;
    const names = new Set<string>();
    for (const { at, routes } of this.#periods) {
      if (at < fromMs || at > toMs + REPORTED_WITHIN_MS) continue;
      for (const [of, ids] of routes) for (const id of ids) names.add(nameOf(slice, of, id));
    }
    return [...names].sort();
  }
}

function nameOf(slice: string, of: string, id: string): string {
  if (of === OUTSIDE) return 'other requests';
  return of === slice ? id : `${of}/${id}`;
}
