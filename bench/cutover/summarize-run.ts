/** The figures of a run, from what clients, side doors and audits recorded. Pure. */
import { type Audit, countBy } from '../../sample/audit/audit-writes.ts';
import { findLongestGap, longestGap, type Window } from '../../sample/audit/longest-gap.ts';
import { percentile, rounded } from '../statistics.ts';
import { type Latencies, latenciesIn, rateIn } from './audit/latencies.ts';
import type { ReadRecord } from './load/read-record.ts';
import type { Round, RunRecords } from './rounds.ts';
import { SIDE_DOORS, type SideDoorKind } from './side-door/side-door.ts';

interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

interface AuditCounts {
  readonly missing: number;
  /** Keys of some of them, to look for. */
  readonly missingKeys: readonly string[];
  readonly unconfirmed: number;
  readonly duplicates: number;
  readonly extra: number;
}

/** One change of owner, to see what its pause was made of. All in milliseconds. */
interface RoundFigures {
  readonly direction: Round['direction'];
  readonly writePauseMs: number;
  /** When the pause began, counted from the moment from which writes may wait. */
  readonly pausedAtMs: number;
  readonly abandoned: number;
  readonly stepsMs: Readonly<Record<string, number>>;
}

export interface RunFigures {
  readonly changesOfOwner: number;
  /** Attempts that changed nothing, and were made again. */
  readonly abandoned: number;
  /** The longest time without an acknowledged write around each change of owner, in milliseconds. */
  readonly writePauseMs: Spread;
  /** The same with what comes before and after it: from the order until everything has ended. */
  readonly attemptPauseMs: Spread;
  /** The same for reads. */
  readonly readPauseMs: Spread;
  /** The longest time without an acknowledged write in a second before each order: what is the machine's, not the change's. */
  readonly quietPauseMs: Spread;
  /** Of the writes due in that second: whether the machine bore the load. */
  readonly quietLatency: Latencies;
  /** What came before each, without a pause. */
  readonly armMs: Spread;
  /** From the order to its end, as the subject measured it, and each step of it. */
  readonly orderMs: Spread;
  readonly stepsMs: Readonly<Record<string, Spread>>;
  /** Of the writes due around a change of owner, over all of them. */
  readonly writeLatency: Latencies;
  readonly perSecond: { readonly writes: number; readonly reads: number };
  readonly requests: { readonly writes: number; readonly reads: number };
  /** Failure → how often. */
  readonly failed: {
    readonly writes: Readonly<Record<string, number>>;
    readonly reads: Readonly<Record<string, number>>;
  };
  readonly ownWrites: { readonly checked: number; readonly stale: number };
  readonly acknowledged: number;
  /** Of these, how many each side says that it served; empty where no answer says. */
  readonly servedBy: Readonly<Record<string, number>>;
  readonly onOwner: AuditCounts;
  readonly onOther: AuditCounts | null;
  readonly sideDoors: Readonly<Record<SideDoorKind, SideDoorFigures>>;
  readonly rounds: readonly RoundFigures[];
}

interface SideDoorFigures {
  readonly acknowledged: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Acknowledged, and not on the new owner. */
  readonly missing: number;
}

/** Around a change of owner: what was due or answered so much before and after it belongs to it. */
const BEFORE_MS = 200;
const AFTER_MS = 1_000;
/** The time before that in which nothing should disturb the clients. */
const QUIET_MS = 1_000;
const SHOWN_KEYS = 10;

export function summarizeRun({ rounds, writes, reads, onOwner, onOther }: RunRecords): RunFigures {
  const around = rounds.map(windowOf);
  const attempts = rounds.map(({ switched: { orderedAt, endedAt } }) => ({
    from: orderedAt - BEFORE_MS,
    to: endedAt + AFTER_MS,
  }));
  const quiet = rounds.map(({ switched: { orderedAt } }) => ({
    from: orderedAt - BEFORE_MS - QUIET_MS,
    to: orderedAt - BEFORE_MS,
  }));
  const whole = spanOf(writes);
  return {
    changesOfOwner: rounds.length,
    abandoned: rounds.reduce((sum, { switched }) => sum + switched.abandoned, 0),
    writePauseMs: spread(around.map((window) => longestGap(writes, window))),
    attemptPauseMs: spread(attempts.map((window) => longestGap(writes, window))),
    readPauseMs: spread(around.map((window) => longestGap(reads, window))),
    quietPauseMs: spread(quiet.map((window) => longestGap(writes, window))),
    quietLatency: latenciesOver(writes, quiet),
    armMs: spread(rounds.map(({ armMs }) => armMs)),
    orderMs: spread(rounds.map(({ switched: { orderedAt, endedAt } }) => endedAt - orderedAt)),
    stepsMs: summarizeSteps(rounds),
    writeLatency: latenciesOver(writes, around),
    perSecond: { writes: rounded(rateIn(writes, whole), 1), reads: rounded(rateIn(reads, whole), 1) },
    requests: { writes: writes.length, reads: reads.length },
    failed: { writes: countBy(failuresOf(writes)), reads: countBy(failuresOf(reads)) },
    ownWrites: summarizeReads(reads),
    acknowledged: onOwner.acknowledged,
    servedBy: countBy(writes.filter(({ acknowledged }) => acknowledged).map(({ side }) => side)),
    onOwner: countAudit(onOwner),
    onOther: onOther === undefined ? null : countAudit(onOther),
    sideDoors: summarizeSideDoors(rounds),
    rounds: rounds.map((round) => summarizeRound(round, writes)),
  };
}

const windowOf = ({ switched: { from, to } }: Round): Window => ({
  from: from - BEFORE_MS,
  to: to + AFTER_MS,
});

function summarizeRound(round: Round, writes: RunRecords['writes']): RoundFigures {
  const { from, steps, abandoned } = round.switched;
  const gap = findLongestGap(writes, windowOf(round));
  return {
    direction: round.direction,
    writePauseMs: rounded(gap.to - gap.from, 1),
    pausedAtMs: rounded(gap.from - from, 1),
    abandoned,
    stepsMs: Object.fromEntries(Object.entries(steps).map(([name, ms]) => [name, rounded(ms, 1)])),
  };
}

const failuresOf = (records: readonly { readonly failure: string }[]): string[] =>
  records.map(({ failure }) => failure);

function spread(values: readonly number[]): Spread {
  const at = (share: number) => rounded(percentile(values, share), 1);
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

function spanOf(records: readonly { readonly dueAt: number }[]): Window {
  return { from: records[0]?.dueAt ?? 0, to: records.at(-1)?.dueAt ?? 0 };
}

function latenciesOver(writes: RunRecords['writes'], windows: readonly Window[]): Latencies {
  const within = writes.filter(({ dueAt }) => windows.some(({ from, to }) => dueAt >= from && dueAt < to));
  const all = latenciesIn(within, { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY });
  return { ...all, p50Ms: rounded(all.p50Ms, 1), p95Ms: rounded(all.p95Ms, 1), maxMs: rounded(all.maxMs, 1) };
}

function summarizeSteps(rounds: readonly Round[]): Record<string, Spread> {
  const names = Object.keys(rounds[0]?.switched.steps ?? {});
  return Object.fromEntries(
    names.map((name) => [name, spread(rounds.map(({ switched }) => switched.steps[name] ?? 0))]),
  );
}

function summarizeReads(reads: readonly ReadRecord[]): RunFigures['ownWrites'] {
  const checked = reads.filter(({ ownWrite }) => ownWrite !== 'unchecked');
  return { checked: checked.length, stale: checked.filter(({ ownWrite }) => ownWrite === 'stale').length };
}

function countAudit({ missing, unconfirmed, duplicates, extra }: Audit): AuditCounts {
  return {
    missing: missing.length,
    missingKeys: missing.slice(0, SHOWN_KEYS),
    unconfirmed: unconfirmed.length,
    duplicates: duplicates.length,
    extra: extra.length,
  };
}

function summarizeSideDoors(rounds: readonly Round[]): RunFigures['sideDoors'] {
  const of = (kind: SideDoorKind): SideDoorFigures => {
    const records = rounds.flatMap(({ sideDoors }) => sideDoors.filter((door) => door.kind === kind));
    return {
      acknowledged: records.reduce((sum, { audit }) => sum + audit.acknowledged, 0),
      refused: countBy(failuresOf(records.flatMap(({ writes }) => writes))),
      missing: records.reduce((sum, { audit }) => sum + audit.missing.length, 0),
    };
  };
  return Object.fromEntries(SIDE_DOORS.map((kind) => [kind, of(kind)])) as RunFigures['sideDoors'];
}
