/**
 * Compares the progress of the first copy with the mapping when a stream is prepared: one record for each target table,
 * with the conditions that have held since its first rows were copied.
 */
import { FicusError, type TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { DatabaseCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import { hasLostPartition, type TableStorage } from '../catalog/table-storage.ts';
import { type CopyTask, isWhole } from '../copy/copy-task.ts';
import { groupBySource } from '../copy/whole-tables.ts';
import { refuseProblems } from '../mapping/compile-slice.ts';
import {
  describeColumn,
  describeDropped,
  evaluateColumns,
  nameOfColumn,
} from '../mapping/evaluate-columns.ts';
import { findLeftBehind, type LeftBehind, takenByParts } from '../mapping/left-behind.ts';
import { digestModule } from '../mapping/mapping-module.ts';
import { findNarrowedColumns, type NarrowedColumn } from '../mapping/narrowed-columns.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { type PublicationEntries, type PublishedAs, refuseGap } from '../source/publication.ts';
import type { StreamNames } from '../source/stream-names.ts';
import { refuseAttached } from './refuse-attached.ts';
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
  readonly source: pg.ClientBase;
  readonly stream: string;
  readonly plans: readonly TablePlan[];
  readonly catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog };
  readonly tables: readonly TableConfig[];
  /** Whether there is a first copy. Without one, all rows of a new table are on the target. */
  readonly copies: boolean;
  readonly published: PublicationEntries;
  /** Called with a table of the source when rows may have left it, or its target, with a partition since it was last seen. */
  readonly onLostRows: (source: string) => void;
  /** Base directory of mapping modules. */
  readonly baseDir: string;
}

/**
 * Makes the missing records.
 * @throws FicusError when a table or its mapping was changed so that the stream cannot continue
 */
export async function ensureProgress(client: pg.Client, input: ProgressInput): Promise<void> {
  const recorded: RecordedTable[] = [];
  // All of them before any is refused: what an operator then does to the tables must not look as if it had been so before.
  for (const plan of input.plans) {
    const table = await recordTable(client, input, plan);
    recorded.push(table);
    if (hasLostRows(table)) input.onLostRows(plan.source.qualifiedName);
  }
  const begun = new Set(recorded.filter((table) => table.begun).map(({ plan }) => plan.target.qualifiedName));
  const left = findLeftBehind(input.tables, input.plans, input.catalogs, begun).filter(
    ({ harmless }) => !harmless,
  );
  const narrowed = findNarrowedColumns(input.tables, input.plans, input.catalogs, begun).filter(
    ({ loses }) => loses,
  );
  for (const table of recorded) {
    if (table.begun)
      await refuseAttached(
        input.source,
        table.plan.source,
        table.known?.storage?.source,
        table.source.storage,
      );
    await continueTable(
      client,
      input.stream,
      table,
      left.filter(({ plan }) => plan === table.plan),
      narrowed.filter(({ plan }) => plan === table.plan),
    );
  }
  await forgetUnmapped(client, input);
}

interface RecordedTable {
  readonly plan: TablePlan;
  readonly config: TableConfig;
  /** Source columns that some part of the table carries over. */
  readonly taken: ReadonlySet<string>;
  readonly source: TableCatalog;
  readonly target: TableCatalog;
  /** Some of its rows are on the target. */
  readonly begun: boolean;
  /** Columns and shape as remembered; an older version remembered no shape. */
  readonly before: readonly string[];
  readonly known: StoredShape | null;
  readonly shape: StoredShape;
}

function hasLostRows({ known, source, target }: RecordedTable): boolean {
  const before = known?.storage;
  if (!before) return false;
  return hasLostPartition(before.source, source.storage) || hasLostPartition(before.target, target.storage);
}

const IS_RECORD = 'stream = $1 AND target = $2';

/** Where rows are there and no shape is, what holds now is the best that can be known of when they were copied. */
async function recordTable(client: pg.Client, input: ProgressInput, plan: TablePlan): Promise<RecordedTable> {
  const { stream, tables, catalogs, copies, published, baseDir } = input;
  const config = tables[plan.index]!;
  const source = catalogs.source.tables.get(plan.source.qualifiedName)!;
  const target = catalogs.target.tables.get(plan.target.qualifiedName)!;
  const as = published.get(plan.source.oid);
  const { rows } = await client.query<Pick<RecordedTable, 'before' | 'known' | 'begun'>>(
    `INSERT INTO ficus.copy_progress AS p (stream, source, target, source_columns, published_as, done) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (stream, target) DO UPDATE SET source = excluded.source, published_as = excluded.published_as
     RETURNING p.source_columns AS before, p.shape AS known, p.done OR p.last_key IS NOT NULL AS begun`,
    [stream, plan.source.qualifiedName, plan.target.qualifiedName, columnsOf(source), as?.entry, !copies],
  );
  const row = rows[0]!;
  const moduleDigest = config.module === undefined ? undefined : await digestModule(config.module, baseDir);
  const clusters = [catalogs.source, catalogs.target].map(clusterOf).join(' ');
  const described = describeShape({ plan, config, source, target, moduleDigest, clusters });
  const shape = { ...described, published: as } as StoredShape;
  if (row.begun && !row.known)
    await client.query(`UPDATE ficus.copy_progress SET shape = $3 WHERE ${IS_RECORD}`, [
      stream,
      plan.target.qualifiedName,
      { ...shape, source: withoutAdded(shape.source, row.before) },
    ]);
  return { plan, config, taken: takenByParts(plan, input.plans), source, target, shape, ...row };
}

const clusterOf = ({ systemIdentifier, serverVersion }: DatabaseCatalog) => systemIdentifier ?? serverVersion;

const columnsOf = (source: TableCatalog) =>
  source.columns.filter((column) => !column.generated).map(describeColumn);

/** A column that the source has got since the rows were copied is judged by evaluateColumns, not as an edited mapping. */
function withoutAdded(source: TableShape['source'], before: readonly string[]): TableShape['source'] {
  const names = new Set(before.map(nameOfColumn));
  return Object.fromEntries(
    Object.entries(source).filter(([name, { generated }]) => generated || names.has(name)),
  );
}

async function continueTable(
  client: pg.Client,
  stream: string,
  { plan, config, taken, source, target, before, known, begun, shape }: RecordedTable,
  left: readonly LeftBehind[],
  narrowed: readonly NarrowedColumn[],
): Promise<void> {
  const columns = { source: source.columns, target: target.columns };
  const change = evaluateColumns({ plan, config, taken, before, ...columns });
  if (change) throw new FicusError('FICUS_CDC_SCHEMA_CHANGED', change);
  // After the check for added columns, which says what their defaults have filled.
  refuseProblems(left);
  const problem = begun && known ? compareShapes(plan, known, shape, target.columns) : undefined;
  if (problem) throw problem;
  // After the check for altered types: undoing such a change does not bring back what it has cut off.
  refuseProblems(narrowed);
  await client.query(
    `UPDATE ficus.copy_progress SET source_columns = $3, shape = $4
      WHERE ${IS_RECORD} AND (source_columns <> $3 OR shape IS DISTINCT FROM $4)`,
    [
      stream,
      plan.target.qualifiedName,
      [...columnsOf(source), ...describeDropped(before, source.columns, target.columns)],
      shape,
    ],
  );
}

/**
 * A table's file changes with every TRUNCATE and VACUUM FULL: only next to the last one that was seen does a new one say
 * anything.
 */
export async function rememberFiles(
  client: pg.ClientBase,
  stream: string,
  side: 'source' | 'target',
  storage: ReadonlyMap<string, TableStorage>,
): Promise<void> {
  await client.query(
    `UPDATE ficus.copy_progress AS p SET shape = jsonb_set(shape, ARRAY['storage', $2, 'files'], seen.files)
       FROM unnest($3::text[], $4::jsonb[]) AS seen(name, files)
      WHERE stream = $1 AND seen.name = CASE $2 WHEN 'source' THEN source ELSE target END
        AND shape #> ARRAY['storage', $2, 'files'] <> seen.files`,
    [stream, side, [...storage.keys()], [...storage.values()].map(({ files }) => JSON.stringify(files))],
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
