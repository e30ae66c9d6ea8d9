/** What a stopped stream leaves on both databases: tells whether its copy is complete, and removes all of it. */
import { type EmptiedTable, FicusError, STREAM_SCHEMA, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import { beginApply } from '../apply/begin-apply.ts';
import { deleteCheckpoint, loadCheckpoint } from '../apply/checkpoint.ts';
import { describeUse, lockToEmpty } from '../apply/lock-to-empty.ts';
import { readStateVersion } from '../apply/state-schema.ts';
import { quoteQualified, splitQualified } from '../catalog/quote.ts';
import { refuseStranger } from '../catalog/refuse-stranger.ts';
import type { ReplicationOptions } from '../replication.ts';
import { endClient, withinTime } from '../source/end-client.ts';
import { dropPublication } from '../source/publication.ts';
import { readPlace } from '../source/read-place.ts';
import { dropSlot } from '../source/slot.ts';
import { nameStream } from '../source/stream-names.ts';
import { connectTo } from './connect-to.ts';
import { refuseReferences } from './refuse-references.ts';

/** Whether the target's records say that the first copy of every table is complete. */
export async function readCopied({
  slice,
  direction = 'forward',
  tables,
  targetUrl,
}: ReplicationOptions): Promise<boolean> {
  const { stream } = nameStream(slice, direction, '');
  // Some tables may have no way back.
  const least = direction === 'forward' ? tables.length : 1;
  const target = await connectTo(targetUrl, 'ficus');
  try {
    await refuseStranger(target, STREAM_SCHEMA);
    if (!(await isPresent(target, 'ficus.copy_progress'))) return false;
    const { rows } = await target.query<{ tables: number; done: number }>(
      `SELECT count(*)::int AS tables, count(*) FILTER (WHERE done)::int AS done FROM ficus.copy_progress WHERE stream = $1`,
      [stream],
    );
    const { tables: known = 0, done = 0 } = rows[0] ?? {};
    return known >= least && known === done;
  } finally {
    await endClient(target);
  }
}

/**
 * Removes slot, publication and checkpoint; with `emptyTarget` also the rows of the target's tables.
 * @returns the tables that were emptied, with how many rows they had
 */
export async function dropStream(
  options: ReplicationOptions,
  emptyTarget: boolean,
  epoch: number,
): Promise<readonly EmptiedTable[]> {
  const { slice, direction = 'forward', sourceUrl, targetUrl, tables } = options;
  // The legacy's rows are nobody's copy.
  if (emptyTarget && direction === 'reverse') throw new Error('the legacy is never emptied');
  const { stream, publication } = nameStream(slice, direction, '');
  const target = await connectTo(targetUrl, 'ficus');
  const emptied: EmptiedTable[] = [];
  let source: pg.Client | undefined;
  try {
    await readStateVersion(target);
    source = await connectTo(sourceUrl, 'ficus');
    const present = await isPresent(target, 'ficus.checkpoint');
    const checkpoint = present ? await loadCheckpoint(target, stream) : undefined;
    // A first start may have created the slot and got no further.
    const slot = checkpoint?.slot ?? nameStream(slice, direction, await readPlace(source, target)).slot;
    // Both in one transaction: a later copy would find unknown rows in tables that should be empty. And before dropping
    // the slot: if the target cannot be emptied, the stream can still continue.
    // Marked as the stream's own: a stream back would empty the source's tables.
    await beginApply(target, slice, epoch);
    if (checkpoint) {
      // The rows first, as a stream of another process writes them: neither waits for what the other holds.
      if (emptyTarget) emptied.push(...(await emptyTables(target, tables)));
      await deleteCheckpoint(target, stream);
    }
    // While the emptied tables are locked: a source that does not answer must not make the service wait.
    const onSource = source;
    await withinTime(onSource, SOURCE_MS, async () => {
      await dropSlot(onSource, slot);
      await dropPublication(onSource, publication, slot);
    });
    await target.query('COMMIT');
    return emptied;
  } finally {
    if (source) await endClient(source);
    await endClient(target);
  }
}

const SOURCE_MS = 10_000;

async function isPresent(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ present: boolean }>('SELECT to_regclass($1) IS NOT NULL AS present', [
    table,
  ]);
  return rows[0]?.present === true;
}

/** A larger table is reported as having one row more. */
const MOST_COUNTED = 100_000;

/** One statement, because the tables may reference one another. */
async function emptyTables(target: pg.Client, tables: readonly TableConfig[]): Promise<EmptiedTable[]> {
  const names = [...new Set(tables.map((table) => table.to))];
  const sqlOf = (table: string) => {
    const { schema, name } = splitQualified(table);
    return quoteQualified(schema, name);
  };
  const sql = names.map(sqlOf);
  await refuseReferences(target, sql);
  const emptied: EmptiedTable[] = [];
  for (const table of names) {
    // A whole count of a large table would outlast the caller's patience.
    const { rows } = await target.query<{ rows: string }>(
      `SELECT count(*) AS rows FROM (SELECT FROM ${sqlOf(table)} LIMIT ${MOST_COUNTED + 1}) AS counted`,
    );
    emptied.push({ table, rows: Number(rows[0]?.rows) });
  }
  await lockTables(target, sql);
  await target.query(`TRUNCATE ${sql.join(', ')}`);
  return emptied;
}

const MOST_PATIENCE_MS = 5_000;

async function lockTables(target: pg.Client, tables: readonly string[]): Promise<void> {
  const beganAtMs = Date.now();
  if (await lockToEmpty(target, tables, () => Date.now() - beganAtMs < MOST_PATIENCE_MS)) return;
  throw new FicusError(
    'FICUS_CDC_TARGET_BUSY',
    `Nothing was emptied or dropped: ${await describeUse(target, tables)}`,
  );
}
