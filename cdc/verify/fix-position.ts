/**
 * Brings both connections to one position for a whole comparison: the stream is paused, the source's snapshot taken with
 * its exact position in the WAL, the stream applied up to it, the target's snapshot taken, the stream resumed. It is
 * paused only until then; both transactions stay open, as a dump's would, until the comparison ends.
 */
import { formatLsn } from '@ficus/core';
import type pg from 'pg';
import { exportSnapshot } from '../source/export-snapshot.ts';
import type { PausableStream } from './verify-options.ts';

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** How long the stream may be paused while the source's running transactions end. */
const SNAPSHOT_MS = 10_000;

/**
 * The position, `X/Y`; undefined where it is not available: no free slot, long transactions, a stream that is behind.
 */
export async function fixPosition(
  source: pg.ClientBase,
  target: pg.ClientBase,
  sourceUrl: string,
  stream: PausableStream,
  timeoutMs: number,
): Promise<string | undefined> {
  const pause = stream.pause();
  try {
    const snapshot = await exportSnapshot(sourceUrl, 'ficus verify', {
      timeoutMs: Math.min(SNAPSHOT_MS, timeoutMs),
    });
    try {
      await source.query(`${BEGIN}; SET TRANSACTION SNAPSHOT '${snapshot.name}'`);
    } finally {
      await snapshot.close();
    }
    if (await pause.reach(snapshot.lsn, timeoutMs)) {
      await target.query(`${BEGIN}; SELECT 1`);
      return formatLsn(snapshot.lsn);
    }
  } catch (error) {
    if (isFatal(error)) throw error;
  } finally {
    pause.resume();
  }
  await source.query('ROLLBACK');
  return undefined;
}

/** The connection we compare through is gone: nothing can be compared either way. */
function isFatal(error: unknown): boolean {
  return /not queryable/.test(error instanceof Error ? error.message : '');
}
