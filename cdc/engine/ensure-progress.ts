/**
 * Compares the progress of the first copy with the mapping when a stream is prepared: one record for each target table,
 * with the conditions that have held since its first rows were copied.
 */
import { FicusError, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog } from '../catalog/database-catalog.ts';
import { type CopyTask, isWhole } from '../copy/copy-task.ts';
import { groupBySource } from '../copy/whole-tables.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { type PublicationEntries, refuseGap } from '../source/publication.ts';
import type { StreamNames } from '../source/stream-names.ts';
import { describeColumn, describeDropped, evaluateColumns } from './evaluate-columns.ts';

/** Tables that were copied, wholly or in part, must have been published ever since. */
export async function refuseUnsent(
  source: pg.Client,
  target: pg.Client,
  names: StreamNames,
  plans: readonly TablePlan[],
): Promise<void> {
  const { rows } = await target.query(
    `SELECT target, published_as::text AS entry FROM ficus.copy_progress
      WHERE stream = $1 AND (done OR last_key IS NOT NULL)`,
    [names.stream],
  );
  const begun = new Map(rows.map((row): [string, string | null] => [row.target, row.entry]));
  const copied = plans.filter((plan) => begun.has(plan.target.qualifiedName));
  const entries = new Map<number, string>();
  for (const plan of copied) {
    const entry = begun.get(plan.target.qualifiedName);
    if (entry) entries.set(plan.source.oid, entry);
  }
  await refuseGap(
    source,
    names.publication,
    copied.map((plan) => plan.source),
    entries,
  );
}

/** Makes the missing records. @throws FicusError when a table was altered so that the stream cannot continue */
export async function ensureProgress(
  client: pg.Client,
  stream: string,
  plans: readonly TablePlan[],
  catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog },
  tables: readonly TableConfig[],
  published: PublicationEntries,
): Promise<void> {
  for (const plan of plans) {
    const source = catalogs.source.tables.get(plan.source.qualifiedName)?.columns ?? [];
    const target = catalogs.target.tables.get(plan.target.qualifiedName)?.columns ?? [];
    const columns = source.filter((column) => !column.generated).map(describeColumn);
    const { rows } = await client.query(
      `INSERT INTO ficus.copy_progress AS p (stream, source, target, source_columns, published_as) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (stream, target) DO UPDATE SET source = excluded.source, published_as = excluded.published_as
       RETURNING p.source_columns AS before`,
      [stream, plan.source.qualifiedName, plan.target.qualifiedName, columns, published.get(plan.source.oid)],
    );
    const before = rows[0].before as string[];
    const change = evaluateColumns({
      plan,
      config: tables[plan.index],
      before,
      source,
      target,
    });
    if (change) throw new FicusError('FICUS_CDC_SCHEMA_CHANGED', change);
    await client.query(
      'UPDATE ficus.copy_progress SET source_columns = $3 WHERE stream = $1 AND target = $2 AND source_columns <> $3',
      [stream, plan.target.qualifiedName, [...columns, ...describeDropped(before, source, target)]],
    );
  }
}

/** A table copied whole cannot get another part later: the stream skips changes by table, not by part. */
export function refuseHalfCopied(tasks: readonly CopyTask[]): void {
  for (const group of groupBySource(tasks.filter(isWhole))) {
    const left = group.find((task) => !task.done);
    if (left && group.some((task) => task.done))
      throw new FicusError(
        'FICUS_CDC_MAPPING_INVALID',
        `${left.plan.source.qualifiedName} has no key and was copied before ${left.plan.target.qualifiedName} was added to the mapping; all of its parts have to be copied together: ficus copy SLICE --restart.`,
      );
  }
}
