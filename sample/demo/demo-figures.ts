/** The demo's closing figures, and the promises that they are checked against. Pure. */
import type { Tally } from '../load/tally.ts';

export interface StageFigures {
  readonly stage: string;
  readonly askedPercent: number;
  /** Share of flagged reads that the candidate served, in percent. */
  readonly measuredPercent: number;
  readonly requests: number;
  readonly users: number;
}

export interface DemoFigures {
  readonly requests: number;
  readonly writes: number;
  readonly requestsPerSecond: number;
  readonly failures: number;
  readonly failureSamples: readonly string[];
  readonly stages: readonly StageFigures[];
  readonly usersMovedBack: number;
  readonly readsAfterWrite: number;
  readonly staleReads: number;
  readonly parity: {
    readonly match: number;
    readonly mismatch: number;
    readonly stale: number;
    readonly noise: number;
    readonly inconclusive: number;
  };
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly samples: number };
  readonly rows: {
    readonly legacy: number;
    readonly candidate: number;
    readonly equal: number;
    readonly different: number;
  };
  readonly seconds: number;
}

export interface Check {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: string;
  readonly ok: boolean;
}

/** Sticky percentages move whole users: with a thousand of them a share is off by a point or two, never by five. */
const SHARE_TOLERANCE_POINTS = 5;

/** One check per promise. "Nothing was compared" and "nothing was measured" fail. */
export function evaluateDemo(figures: DemoFigures): Check[] {
  const check = (name: string, value: number, unit: string, bound: string, ok: boolean): Check => ({
    name,
    value,
    unit,
    bound,
    ok,
  });
  const compared = figures.parity.match + figures.parity.mismatch;
  return [
    check('requests', figures.requests, 'requests', '> 0', figures.requests > 0),
    check('failures', figures.failures, 'requests', '= 0', figures.failures === 0),
    ...figures.stages.map((stage) => {
      if (stage.users === 0) return check(`users seen in ${stage.stage}`, 0, 'users', '> 0', false);
      const off = Math.abs(stage.measuredPercent - stage.askedPercent);
      const bound = stage.askedPercent === 0 || stage.askedPercent === 100 ? 0 : SHARE_TOLERANCE_POINTS;
      return check(
        `share in ${stage.stage}`,
        stage.measuredPercent,
        '%',
        `${stage.askedPercent} ± ${bound}`,
        off <= bound,
      );
    }),
    check(
      'users who changed sides while the percentage rose',
      figures.usersMovedBack,
      'users',
      '= 0',
      figures.usersMovedBack === 0,
    ),
    check(
      'reads checked after a user’s own write',
      figures.readsAfterWrite,
      'reads',
      '> 0',
      figures.readsAfterWrite > 0,
    ),
    check(
      'stale reads after a user’s own write',
      figures.staleReads,
      'reads',
      '= 0',
      figures.staleReads === 0,
    ),
    check('comparisons', compared, 'comparisons', '> 0', compared > 0),
    check(
      'mismatches',
      figures.parity.mismatch,
      'comparisons',
      '= 0',
      compared > 0 && figures.parity.mismatch === 0,
    ),
    check('lag samples', figures.lagMs.samples, 'samples', '> 0', figures.lagMs.samples > 0),
    check('rows compared', figures.rows.legacy, 'rows', '> 0', figures.rows.legacy > 0),
    check(
      'rows that differ',
      figures.rows.different,
      'rows',
      '= 0',
      figures.rows.legacy > 0 &&
        figures.rows.different === 0 &&
        figures.rows.legacy === figures.rows.candidate,
    ),
  ];
}

/** Share of the flagged reads in a phase that the candidate served, in percent, to one decimal. */
export function measuredShare(tally: Tally): number {
  const { legacy, candidate } = tally.phase.flagged;
  return legacy + candidate === 0 ? 0 : Math.round((candidate / (legacy + candidate)) * 1000) / 10;
}

/** Nearest-rank percentile; 0 without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
