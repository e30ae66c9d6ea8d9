/**
 * Compares both databases of a slice through its mapping. Shares nothing with the first copy except the compiled plans:
 * it enumerates the keys of both tables itself, and so also finds rows that the copy never saw.
 *
 *     step 1  each range of keys: hashed in both databases, at a snapshot of the source and, once the stream has
 *             passed it, of the target (compare-range)
 *     step 2  keys that differ: read again, row by row; without a common position, after the stream has passed a
 *             later one (settle-suspects)
 */
import { FicusError } from '@ficus/core';
import { compileSlice, refuseProblems } from '../mapping/compile-slice.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { openDatabase } from '../preflight/open-database.ts';
import { estimateRows } from '../source/estimate-rows.ts';
import { fixPosition } from './fix-position.ts';
import { ReportBuilder } from './report-builder.ts';
import { chooseHash } from './row-hash.ts';
import { sidesOf } from './sides-of.ts';
import { Inconclusive } from './snapshot.ts';
import { verifyChanged } from './verify-changed.ts';
import { verifyKeys } from './verify-keys.ts';
import {
  DEFAULT_VERIFY_SETTINGS,
  type PausableStream,
  type RecordingStream,
  type VerifyOptions,
  type VerifySettings,
} from './verify-options.ts';
import type { VerifyReport } from './verify-report.ts';
import { verifyTable } from './verify-table.ts';

/**
 * @throws FicusError when a database cannot be reached or the mapping does not fit; a stream that lags is no error but
 * makes the report inconclusive
 */
export async function verifySlice(options: VerifyOptions): Promise<VerifyReport> {
  const settings = { ...DEFAULT_VERIFY_SETTINGS, ...options.settings };
  const source = await open('legacy.database', options.sourceUrl);
  try {
    const target = await open(`slices.${options.slice}.candidate.database`, options.targetUrl);
    try {
      const { plans, problems } = await compileSlice(options, source, target);
      refuseProblems(problems);
      const { stream } = options;
      const recording = isRecording(stream) ? stream : undefined;
      // Before the position is taken: records all changes after it, and a few more.
      if (options.mode === 'full') recording?.recordChanges();
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
        else if (options.mode === 'changed')
          await verifyChanged(plans, sides, recording, builder, (plan) =>
            verifyFull([plan], sides, options, settings, builder),
          );
        else await verifyKeys(plans, sides, options.mode, builder);
      } catch (error) {
        if (!(error instanceof Inconclusive)) throw error;
        builder.stop(`The comparison could not be finished: ${error.message}.`);
      }
      return builder.report(fixedAt);
    } finally {
      await target.end().catch(() => undefined);
    }
  } finally {
    await source.end().catch(() => undefined);
  }
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
  return stream?.recordChanges !== undefined && stream.changedRows !== undefined;
}

type Client = Awaited<ReturnType<typeof open>>;

async function open(path: string, url: string) {
  const opened = await openDatabase(path, url, { statementTimeoutMs: 0, applicationName: 'ficus verify' });
  if (!opened.ok) throw new FicusError(opened.finding.code, opened.finding.message);
  return opened.client;
}

async function estimate(plans: readonly TablePlan[], source: Client): Promise<number> {
  const tables = new Map(plans.map(({ source: table }) => [table.oid, table]));
  let rows = 0;
  for (const table of tables.values()) rows += await estimateRows(source, table);
  return rows;
}

async function verifyFull(
  plans: readonly TablePlan[],
  sides: Parameters<typeof verifyKeys>[1],
  options: VerifyOptions,
  settings: VerifySettings,
  builder: ReportBuilder,
): Promise<void> {
  const hash = await chooseHash(sides.source, sides.target);
  for (const plan of plans) {
    if (builder.isDone(plan)) continue;
    if (options.signal?.aborted) break;
    const current = options.resume?.current;
    const report = await verifyTable({
      table: sidesOf(plan, sides.target),
      sides,
      hash,
      rangeRows: settings.rangeRows,
      maxSuspects: settings.maxSuspects,
      signal: options.signal,
      resume: current?.report.to === plan.target.qualifiedName ? current : undefined,
      onRange: (table, after, found, lsn) => builder.addRange(table, after, found, lsn),
    });
    builder.finishTable(report);
  }
  if (options.signal?.aborted) builder.stop('The comparison was interrupted.');
}
