/**
 * A comparison that stands ready, for the hold of a cutover: both sessions are open, the mapping is compiled. It compares
 * the rows that changed since the last comparison that found both sides equal, once both sides stand still.
 */
import type { TableConfig } from '@ficus/core';
import type pg from 'pg';
import { compileSlice, refuseProblems } from '../mapping/compile-slice.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { RecordedChanges } from '../replication.ts';
import { openSide } from './open-side.ts';
import { ReportBuilder } from './report-builder.ts';
import { Inconclusive, type SnapshotSides, type WaitForApplied } from './snapshot.ts';
import { verifyChanged } from './verify-changed.ts';
import { verifyFull } from './verify-full.ts';
import { DEFAULT_VERIFY_SETTINGS, type RecordingStream } from './verify-options.ts';
import type { RowKey, VerifyReport } from './verify-report.ts';

export interface ComparisonOptions {
  readonly slice: string;
  /** As in the config, in either direction. */
  readonly tables: readonly TableConfig[];
  /** `reverse`: the candidate is the source, and the legacy the target. */
  readonly direction: 'forward' | 'reverse';
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** Records the source's changes. */
  readonly stream: RecordingStream;
  /** Base directory of mapping modules; by default the working directory. */
  readonly baseDir?: string;
}

export interface StillReport extends VerifyReport {
  /** Table of the source (`schema.table`) → keys of its rows that were compared; tables compared as a whole are absent. */
  readonly keys: Readonly<Record<string, readonly RowKey[]>>;
}

export interface StandingComparison {
  /**
   * Call while nothing writes on either side, and the target has all that the source had: otherwise rows on their way look
   * like differences.
   * @param position of the source, `X/Y`, for the report
   */
  compareStill(position: string, signal?: AbortSignal): Promise<StillReport>;
  /**
   * The same while both sides move, so that little is left to compare when they stand still. Tables that have to be compared
   * as a whole are left to that.
   * @returns rows compared and found equal; undefined where they were not, or could not be compared in that time
   */
  compareMoving(waitForApplied: WaitForApplied, waitTimeoutMs: number): Promise<number | undefined>;
  close(): Promise<void>;
}

/** @throws FicusError when a database cannot be reached or the mapping does not fit */
export async function openComparison(options: ComparisonOptions): Promise<StandingComparison> {
  const [sourcePath, targetPath] = pathsOf(options);
  const source = await openSide(sourcePath, options.sourceUrl);
  try {
    const target = await openSide(targetPath, options.targetUrl);
    try {
      const { plans, problems } = await compileSlice(options, source, target);
      refuseProblems(problems);
      return {
        compareStill: (position, signal) =>
          compareStill(options, plans, { source, target, position }, signal),
        compareMoving: (waitForApplied, waitTimeoutMs) =>
          compareMoving(options, plans, { source, target, waitForApplied, waitTimeoutMs }),
        close: async () => {
          await Promise.all([source.end(), target.end()].map((end) => end.catch(() => undefined)));
        },
      };
    } catch (error) {
      await target.end().catch(() => undefined);
      throw error;
    }
  } catch (error) {
    await source.end().catch(() => undefined);
    throw error;
  }
}

async function compareStill(
  options: ComparisonOptions,
  plans: readonly TablePlan[],
  { source, target, position }: { source: pg.Client; target: pg.Client; position: string },
  signal: AbortSignal | undefined,
): Promise<StillReport> {
  const settings = DEFAULT_VERIFY_SETTINGS;
  const { stream, ...compared } = options;
  const { keys, recorded } = readOnce(plans, stream.beginComparison());
  const sides: SnapshotSides = {
    source,
    target,
    stillAt: position,
    waitForApplied: undefined,
    waitTimeoutMs: 0,
  };
  const run = { ...compared, mode: 'recent', ...(signal && { signal }) } as const;
  const builder = new ReportBuilder(run, settings, plans, 0);
  try {
    await verifyChanged(plans, sides, recorded, 'equal', builder, (plan) =>
      verifyFull([plan], sides, run, settings, builder),
    );
  } catch (error) {
    if (!(error instanceof Inconclusive)) throw error;
    builder.stop(`The comparison could not be finished: ${error.message}.`);
  }
  const report = builder.report(position);
  if (report.verdict === 'match' || report.nothingChanged) recorded.areEqual();
  return { ...report, keys };
}

async function compareMoving(
  options: ComparisonOptions,
  plans: readonly TablePlan[],
  sides: SnapshotSides,
): Promise<number | undefined> {
  const { stream, ...compared } = options;
  const recorded = stream.beginComparison();
  const builder = new ReportBuilder({ ...compared, mode: 'recent' }, DEFAULT_VERIFY_SETTINGS, plans, 0);
  try {
    await verifyChanged(plans, sides, recorded, 'equal', builder, ({ source }) => {
      throw new Inconclusive(`${source.qualifiedName} is compared as a whole`);
    });
  } catch (error) {
    if (!(error instanceof Inconclusive)) throw error;
    return undefined;
  }
  const { verdict, nothingChanged, rowsCompared } = builder.report(undefined);
  if (verdict !== 'match' && !nothingChanged) return undefined;
  recorded.areEqual();
  return rowsCompared.source;
}

/** The ledger is gone through once: it may be large, and writes are held. */
function readOnce(plans: readonly TablePlan[], given: RecordedChanges) {
  const names = plans.map(({ source }) => source.qualifiedName);
  const read = new Map(names.map((table) => [table, given.changed(table, 'equal')]));
  const listed = [...read].flatMap(([table, rows]) =>
    rows === undefined || rows === 'all' ? [] : [[table, rows.slice(-MOST_KEYS)] as const],
  );
  const recorded: RecordedChanges = { ...given, changed: (table) => read.get(table) };
  return { recorded, keys: Object.fromEntries(listed) };
}

/** Of a table, for the comparison after the release. */
const MOST_KEYS = 1_000;

function pathsOf({ slice, direction }: ComparisonOptions): readonly [string, string] {
  const [legacy, candidate] = ['legacy.database', `slices.${slice}.candidate.database`];
  return direction === 'forward' ? [legacy, candidate] : [candidate, legacy];
}
