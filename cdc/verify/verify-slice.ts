/**
 * Compares both databases of a slice through its mapping. Shares nothing with the first copy except the compiled plans:
 * it enumerates the keys of both tables itself, and so also finds rows that the copy never saw.
 *
 *     step 1  each range of keys: hashed in both databases, at a snapshot of the source and, once the stream has
 *             passed it, of the target (compare-range)
 *     step 2  keys that differ: read again, row by row; without a common position, after the stream has passed a
 *             later one (settle-suspects)
 */
import type pg from 'pg';
import { compileSlice, refuseProblems } from '../mapping/compile-slice.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { estimateRows } from '../source/estimate-rows.ts';
import { fixPosition } from './fix-position.ts';
import { openSide } from './open-side.ts';
import { ReportBuilder } from './report-builder.ts';
import { Inconclusive } from './snapshot.ts';
import { verifyChanged } from './verify-changed.ts';
import { verifyFull } from './verify-full.ts';
import { verifyKeys } from './verify-keys.ts';
import {
  DEFAULT_VERIFY_SETTINGS,
  type PausableStream,
  type RecordingStream,
  type VerifyOptions,
} from './verify-options.ts';
import type { VerifyReport } from './verify-report.ts';

/**
 * @throws FicusError when a database cannot be reached or the mapping does not fit; a stream that lags is no error but
 * makes the report inconclusive
 */
export async function verifySlice(options: VerifyOptions): Promise<VerifyReport> {
  const settings = { ...DEFAULT_VERIFY_SETTINGS, ...options.settings };
  const source = await openSide('legacy.database', options.sourceUrl);
  try {
    const target = await openSide(`slices.${options.slice}.candidate.database`, options.targetUrl);
    try {
      const { plans, problems } = await compileSlice(options, source, target);
      refuseProblems(problems);
      const { stream } = options;
      const recording = isRecording(stream) ? stream : undefined;
      // Before the position is taken: records all changes after it, and a few more.
      if (options.mode === 'full') recording?.recordChanges();
      const recorded = recording?.beginComparison();
      const fixedAt =
        stream &&
        (await fixPosition(
          source,
          target,
          options.sourceUrl,
          stream,
          settings.waitTimeoutMs,
          options.signal,
        ));
      const sides = {
        source,
        target,
        fixedAt,
        waitForApplied: abortable(options),
        waitTimeoutMs: settings.waitTimeoutMs,
      };
      const builder = new ReportBuilder(options, settings, plans, await estimate(plans, source));
      try {
        if (options.mode === 'full') await verifyFull(plans, sides, options, settings, builder);
        else if (options.mode === 'changed' || options.mode === 'recent')
          await verifyChanged(plans, sides, recorded, SINCE[options.mode], builder, (plan) =>
            verifyFull([plan], sides, options, settings, builder),
          );
        else await verifyKeys(plans, sides, options.mode, builder);
      } catch (error) {
        if (!(error instanceof Inconclusive)) throw error;
        builder.stop(`The comparison could not be finished: ${error.message}.`);
      }
      const report = builder.report(fixedAt);
      if (isEqual(report)) recorded?.areEqual();
      return report;
    } finally {
      await target.end().catch(() => undefined);
    }
  } finally {
    await source.end().catch(() => undefined);
  }
}

const SINCE = { changed: 'full', recent: 'equal' } as const;

/** A run that has compared all that changed; one of chosen rows has not. */
function isEqual({ mode, verdict, nothingChanged }: VerifyReport): boolean {
  return (mode === 'full' || mode in SINCE) && (verdict === 'match' || nothingChanged);
}

/** A run that is aborted waits for nothing any more. */
function abortable({ waitForApplied, signal }: VerifyOptions): VerifyOptions['waitForApplied'] {
  if (!waitForApplied || !signal) return waitForApplied;
  const { promise: aborted, resolve } = Promise.withResolvers<boolean>();
  if (signal.aborted) resolve(false);
  else signal.addEventListener('abort', () => resolve(false), { once: true });
  return (lsn, timeoutMs) => Promise.race([waitForApplied(lsn, timeoutMs), aborted]);
}

function isRecording(stream: VerifyOptions['stream']): stream is PausableStream & RecordingStream {
  return stream?.recordChanges !== undefined && stream.beginComparison !== undefined;
}

async function estimate(plans: readonly TablePlan[], source: pg.Client): Promise<number> {
  const tables = new Map(plans.map(({ source: table }) => [table.oid, table]));
  let rows = 0;
  for (const table of tables.values()) rows += await estimateRows(source, table);
  return rows;
}
