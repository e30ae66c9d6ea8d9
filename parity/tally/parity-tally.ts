/**
 * Verdicts of one slice, counted since the window began, with a bounded number of samples. A sample never holds a body:
 * only the places that differ, with stand-ins for their values, bounded, and how to ask again.
 *
 * The ratio is the share of matches among what was compared: matches, differences fully explained by reviewed rules
 * (`noise`, which is no agreement), and mismatches. `stale`, `inconclusive` and `skipped` do not count, and without any
 * comparison there is no ratio, never parity.
 */
import { type Difference, VERDICT_KINDS, type Verdict, type VerdictKind } from '@ficus/core';
import { generalPath } from '../rules/json-path.ts';

export type VerdictCounts = Readonly<Record<VerdictKind, number>>;

export interface ParitySample {
  readonly at: string;
  readonly route: string;
  readonly requestId: string;
  readonly traceId?: string | undefined;
  readonly verdict: VerdictKind;
  readonly request: string;
  readonly differences: readonly Difference[];
  readonly expiredRules: readonly string[];
  /** The same request to each side. */
  readonly curl: { readonly legacy: string; readonly candidate: string };
}

export interface DifferingPath {
  readonly route: string;
  /** Array indexes and keys of maps become `[*]`. */
  readonly path: string;
  readonly count: number;
}

export interface ParityReport {
  /** ISO time at which counting began. */
  readonly since: string;
  /** ISO time of the last comparison that counts; `null` while there was none. */
  readonly lastComparedAt: string | null;
  readonly counts: VerdictCounts;
  readonly routes: Readonly<Record<string, VerdictCounts>>;
  /** Comparisons that count: match, noise, mismatch. */
  readonly compared: number;
  /** Share of them that match as they are; `null` while nothing was compared. */
  readonly ratio: number | null;
  /** Why comparisons were inconclusive, skipped, or explained, with counts. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly differingPaths: readonly DifferingPath[];
  /** Newest first. */
  readonly samples: readonly ParitySample[];
}

const MOST_SAMPLES = 20;
const MOST_KEYS = 200;

export class ParityTally {
  #since: Date;
  #lastComparedAt: Date | undefined;
  readonly #routes = new Map<string, Record<VerdictKind, number>>();
  readonly #reasons = new Map<string, number>();
  readonly #paths = new Map<string, { route: string; path: string; count: number }>();
  #samples: ParitySample[] = [];

  constructor(since: Date) {
    this.#since = since;
  }

  /** Continues a window from what was reported of it. */
  static continued(report: ParityReport): ParityTally {
    const tally = new ParityTally(new Date(report.since));
    tally.#lastComparedAt = report.lastComparedAt === null ? undefined : new Date(report.lastComparedAt);
    for (const [route, counts] of Object.entries(report.routes))
      tally.#routes.set(route, { ...noVerdicts(), ...counts });
    for (const [reason, times] of Object.entries(report.reasons)) tally.#reasons.set(reason, times);
    for (const place of report.differingPaths) tally.#paths.set(pathKey(place), { ...place });
    tally.#samples = [...report.samples];
    return tally;
  }

  /** Counts one verdict. @param sample called only if a sample is kept; without it none is */
  add(route: string, verdict: Verdict, at: Date, sample?: () => ParitySample): void {
    this.#countsOf(route)[verdict.kind] += 1;
    if (COMPARED.has(verdict.kind)) this.#lastComparedAt = at;
    for (const reason of reasonsOf(verdict)) count(this.#reasons, `${verdict.kind}: ${reason}`);
    if (verdict.kind !== 'mismatch') return;
    for (const { path } of verdict.differences) this.#countPath(route, generalPath(path));
    if (sample) this.#samples = [sample(), ...this.#samples.slice(0, MOST_SAMPLES - 1)];
  }

  /** Counts copies that never became a comparison. */
  addSkipped(route: string, reason: string, copies: number): void {
    this.#countsOf(route).skipped += copies;
    count(this.#reasons, `skipped: ${reason}`, copies);
  }

  /** A new window: earlier counts no longer describe the candidate. */
  reset(since: Date): void {
    this.#since = since;
    this.#lastComparedAt = undefined;
    this.#routes.clear();
    this.#reasons.clear();
    this.#paths.clear();
    this.#samples = [];
  }

  /** Counts and places stay. */
  dropSamples(): void {
    this.#samples = [];
  }

  report(): ParityReport {
    const counts = noVerdicts();
    for (const route of this.#routes.values()) for (const kind of VERDICT_KINDS) counts[kind] += route[kind];
    return {
      since: this.#since.toISOString(),
      lastComparedAt: this.#lastComparedAt?.toISOString() ?? null,
      counts,
      routes: Object.fromEntries([...this.#routes].map(([route, kinds]) => [route, { ...kinds }])),
      compared: comparedOf(counts),
      ratio: parityRatio(counts),
      reasons: Object.fromEntries(this.#reasons),
      differingPaths: [...this.#paths.values()].sort((a, b) => b.count - a.count),
      samples: this.#samples,
    };
  }

  #countsOf(route: string): Record<VerdictKind, number> {
    const known = this.#routes.get(route);
    if (known) return known;
    const fresh = noVerdicts();
    this.#routes.set(route, fresh);
    return fresh;
  }

  #countPath(route: string, path: string): void {
    const key = pathKey({ route, path });
    const known = this.#paths.get(key);
    if (known) known.count += 1;
    else if (this.#paths.size < MOST_KEYS) this.#paths.set(key, { route, path, count: 1 });
  }
}

const COMPARED: ReadonlySet<VerdictKind> = new Set(['match', 'noise', 'mismatch']);

const pathKey = ({ route, path }: Pick<DifferingPath, 'route' | 'path'>): string => `${route} ${path}`;

/** Comparisons that count. */
export function comparedOf(counts: VerdictCounts): number {
  return counts.match + counts.noise + counts.mismatch;
}

/** `null` while nothing was compared. */
function parityRatio(counts: VerdictCounts): number | null {
  const compared = comparedOf(counts);
  return compared === 0 ? null : counts.match / compared;
}

function noVerdicts(): Record<VerdictKind, number> {
  return { match: 0, mismatch: 0, stale: 0, noise: 0, inconclusive: 0, skipped: 0 };
}

function reasonsOf(verdict: Verdict): readonly string[] {
  switch (verdict.kind) {
    case 'inconclusive':
    case 'skipped':
      return [verdict.reason];
    case 'noise':
      return verdict.rules;
    case 'match':
    case 'mismatch':
    case 'stale':
      return [];
  }
}

function count(counts: Map<string, number>, key: string, by = 1): void {
  const known = counts.get(key);
  if (known !== undefined) counts.set(key, known + by);
  else if (counts.size < MOST_KEYS) counts.set(key, by);
}
