/**
 * Compares the progress of the first copy with the mapping when a stream is prepared: one record for each target table,
 * with the conditions that have held since its first rows were copied.
 */
import { FicusError, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import { type CopyTask, isWhole } from '../copy/copy-task.ts';
import { groupBySource } from '../copy/whole-tables.ts';
import { refuseProblems } from '../mapping/compile-slice.ts';
import { findLeftBehind, type LeftBehind } from '../mapping/left-behind.ts';
import { digestModule } from '../mapping/mapping-module.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { type PublicationEntries, type PublishedAs, refuseGap } from '../source/publication.ts';
import type { StreamNames } from '../source/stream-names.ts';
import { describeColumn, describeDropped, evaluateColumns } from './evaluate-columns.ts';
import { compareShapes, describeShape, type TableShape } from './table-shape.ts';

/** What is stored in `shape`; a table that is no longer mapped has none. */
type StoredShape = TableShape & { readonly published: PublishedAs };

/** Tables that were copied, wholly or in part, must have been published ever since. */
export async function refuseUnsent(
  source: pg.Client,
  target: pg.Client,
  names: StreamNames,
  plans: readonly TablePlan[],
): Promise<void> {
  const { rows } = await target.query<{ target: string; entry: string | null; shape: StoredShape | null }>(
    `SELECT target, published_as::text AS entry, shape FROM ficus.copy_progress
      WHERE stream = $1 AND (done OR last_key IS NOT NULL)`,
    [names.stream],
  );
  const begun = new Map(rows.map((row) => [row.target, row]));
  const copied = plans.filter((plan) => begun.has(plan.target.qualifiedName));
  const entries = new Map<number, PublishedAs>();
  for (const plan of copied) {
    const row = begun.get(plan.target.qualifiedName);
    if (row?.entry) entries.set(plan.source.oid, { ...row.shape?.published, entry: row.entry });
  }
  await refuseGap(
    source,
    names.publication,
    copied.map((plan) => plan.source),
    entries,
  );
}

interface ProgressInput {
  readonly stream: string;
  readonly plans: readonly TablePlan[];
  readonly catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog };
  readonly tables: readonly TableConfig[];
  readonly published: PublicationEntries;
  /** Base directory of mapping modules. */
  readonly baseDir: string;
}

/**
 * Makes the missing records.
 * @throws FicusError when a table or its mapping was changed so that the stream cannot continue
 */
export async function ensureProgress(client: pg.Client, input: ProgressInput): Promise<void> {
  const left = findLeftBehind(input.tables, input.plans, input.catalogs).filter(({ derived }) => !derived);
  for (const plan of input.plans) {
    const source = input.catalogs.source.tables.get(plan.source.qualifiedName)!;
    const target = input.catalogs.target.tables.get(plan.target.qualifiedName)!;
    await ensureTable(
      client,
      input,
      plan,
      source,
      target,
      left.filter((column) => column.plan === plan),
    );
  }
  await forgetUnmapped(client, input);
}

async function ensureTable(
  client: pg.Client,
  { stream, tables, published, baseDir }: ProgressInput,
  plan: TablePlan,
  source: TableCatalog,
  target: TableCatalog,
  left: readonly LeftBehind[],
): Promise<void> {
  const config = tables[plan.index]!;
  const columns = source.columns.filter((column) => !column.generated).map(describeColumn);
  const as = published.get(plan.source.oid);
  const { rows } = await client.query<{ before: string[]; shape: StoredShape | null; begun: boolean }>(
    `INSERT INTO ficus.copy_progress AS p (stream, source, target, source_columns, published_as) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (stream, target) DO UPDATE SET source = excluded.source, published_as = excluded.published_as
     RETURNING p.source_columns AS before, p.shape, p.done OR p.last_key IS NOT NULL AS begun`,
    [stream, plan.source.qualifiedName, plan.target.qualifiedName, columns, as?.entry],
  );
  const { before, shape: known, begun } = rows[0]!;
  const change = evaluateColumns({ plan, config, before, source: source.columns, target: target.columns });
  if (change) throw new FicusError('FICUS_CDC_SCHEMA_CHANGED', change);
  // After the check for added columns, which says what their defaults have filled.
  refuseProblems(left);
  const moduleDigest = config.module === undefined ? undefined : await digestModule(config.module, baseDir);
  const shape = describeShape({ plan, config, source, target, moduleDigest });
  const problem = begun && known ? compareShapes(plan, known, shape, target.columns) : undefined;
  if (problem) throw problem;
  await client.query(
    `UPDATE ficus.copy_progress SET source_columns = $3, shape = $4
      WHERE stream = $1 AND target = $2 AND (source_columns <> $3 OR shape IS DISTINCT FROM $4)`,
    [
      stream,
      plan.target.qualifiedName,
      [...columns, ...describeDropped(before, source.columns, target.columns)],
      { ...shape, published: as },
    ],
  );
}

/** The stream skips changes of a table that leaves the mapping: were it to come back, its copy would not count. */
async function forgetUnmapped(client: pg.Client, { stream, plans }: ProgressInput): Promise<void> {
  await client.query(
    `UPDATE ficus.copy_progress SET shape = NULL, published_as = 0
      WHERE stream = $1 AND target <> ALL($2) AND (shape IS NOT NULL OR published_as <> 0)`,
    [stream, plans.map((plan) => plan.target.qualifiedName)],
  );
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
