/**
 * Brings both connections to one position for a full comparison: pauses the stream, takes a snapshot of the source with
 * its exact WAL position, applies the stream up to it, takes the target's snapshot, and resumes the stream. The pause
 * ends there; both transactions stay open until the comparison ends, as a dump's would.
 */
import { formatLsn } from '@ficus/core';
import type pg from 'pg';
import { exportSnapshot } from '../source/export-snapshot.ts';
import type { PausableStream } from './verify-options.ts';

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** How long the stream may be paused while the source's running transactions end. */
const SNAPSHOT_MS = 10_000;

/** The position, `X/Y`; undefined when it cannot be had: no free slot, long transactions, a lagging stream. */
export async function fixPosition(
  source: pg.ClientBase,
  target: pg.ClientBase,
  sourceUrl: string,
  stream: PausableStream,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const pause = stream.pause();
  const giveUp = () => pause.resume();
  signal?.addEventListener('abort', giveUp);
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
    signal?.removeEventListener('abort', giveUp);
    pause.resume();
  }
  await source.query('ROLLBACK');
  return undefined;
}

/** The connection for the comparison is lost: nothing can be compared either way. */
function isFatal(error: unknown): boolean {
  return /not queryable/.test(error instanceof Error ? error.message : '');
}
