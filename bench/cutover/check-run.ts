/** The bounds of a run. What has to hold for figures to mean something, and what Ficus promises. Pure. */
import { atLeast, atMost, never, type Report } from '../report.ts';
import type { RunOptions } from './rounds.ts';
import type { RunFigures } from './summarize-run.ts';

/** Of the rate that was asked for: below it, the pause of another load was measured. */
const RATE_SHARE = 0.95;
/** Of a write while no owner changes: a machine that needs longer is the pause itself. */
const QUIET_MS = 100;
const PAUSE_MS = 200;
/** SQLSTATE of the fence. */
const FENCE = 'FI001 ';

/** What the peer loses is a figure. */
export function checkLoad(report: Report, name: string, figures: RunFigures, options: RunOptions): void {
  atLeast(report, `${name}: writes`, figures.perSecond.writes, '/s', RATE_SHARE * options.writesPerSecond);
  atLeast(report, `${name}: reads`, figures.perSecond.reads, '/s', RATE_SHARE * options.readsPerSecond);
  atMost(report, `${name}: quiet writes, p95`, figures.quietLatency.p95Ms, 'ms', QUIET_MS);
  atLeast(report, `${name}: own writes looked for`, figures.ownWrites.checked, 'reads', 1);
  atMost(report, `${name}: rows that no client sent`, figures.onOwner.extra, 'rows', 0);
}

export function checkPromises(report: Report, name: string, figures: RunFigures): void {
  const { abandoned, writePauseMs, failed, onOwner, onOther, ownWrites, sideDoors } = figures;
  const none = (what: string, value: number, unit: string) =>
    atMost(report, `${name}: ${what}`, value, unit, 0);
  const wrong = (what: string, value: number, unit: string) => never(report, `${name}: ${what}`, value, unit);
  atMost(report, `${name}: pause of writes, p95`, writePauseMs.p95, 'ms', PAUSE_MS);
  none('abandoned attempts', abandoned, 'attempts');
  none('failed requests', total(failed.writes) + total(failed.reads), 'requests');
  wrong('acknowledged writes missing on the owner', onOwner.missing, 'writes');
  wrong('acknowledged writes missing on the other side', onOther?.missing ?? Number.NaN, 'writes');
  wrong('writes made twice', onOwner.duplicates + (onOther?.duplicates ?? 0), 'writes');
  wrong('stale reads of one’s own write', ownWrites.stale, 'reads');
  for (const [kind, { acknowledged, refused, missing }] of Object.entries(sideDoors)) {
    const byFence = total(refused, (failure) => failure.startsWith(FENCE));
    atLeast(report, `${name}: ${kind}, acknowledged`, acknowledged, 'writes', 1);
    atLeast(report, `${name}: ${kind}, refused by FI001`, byFence, 'writes', 1);
    none(`${kind}, failed otherwise`, total(refused) - byFence, 'writes');
    wrong(`${kind}, lost`, missing, 'writes');
  }
}

/** @param counts failure → how often */
function total(counts: Readonly<Record<string, number>>, admits = (_failure: string) => true): number {
  return Object.entries(counts).reduce((sum, [failure, count]) => sum + (admits(failure) ? count : 0), 0);
}
