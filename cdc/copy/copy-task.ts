/** What the first copy knows about one target table, and how its chunks are read. */
import { parseLsn } from '@ficus/core';
import type pg from 'pg';
import { rowKeyNames } from '../batch/relation-binding.ts';
import { outputText } from '../catalog/output-text.ts';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import type { InputColumn, TablePlan } from '../mapping/table-plan.ts';
import { estimateRows } from '../source/estimate-rows.ts';

interface TableTask {
  readonly plan: TablePlan;
  /** Columns of the rows that are read, in order. */
  readonly columns: readonly InputColumn[];
  /** Rows can go from server to server unchanged. */
  readonly verbatim: boolean;
  rowsCopied: number;
  rowsTotal: number;
  done: boolean;
}

/** Copied while the stream runs, in chunks by the key. */
export interface ChunkedTask extends TableTask {
  readonly kind: 'chunked';
  /** Key of the last row on the target; undefined before the first chunk. */
  lastKey: readonly string[] | undefined;
  /** Bytes per row: first from the size on the source's disk, then from the last chunk. */
  rowBytes: number;
}

/** Copied in one piece, at one point of the source: no key identifies rows on both sides. */
export interface WholeTask extends TableTask {
  readonly kind: 'whole';
  /** That point: the copy has everything committed before it. Undefined until its snapshot is taken. */
  copiedAt: bigint | undefined;
}

export type CopyTask = ChunkedTask | WholeTask;

export interface Chunk {
  readonly id: string;
  readonly task: ChunkedTask;
  readonly data: Buffer;
  readonly rows: number;
  /** Key of its last row; undefined when the chunk is empty. */
  readonly lastKey: readonly string[] | undefined;
  /** No rows follow it. */
  readonly last: boolean;
}

export function isChunked(task: CopyTask): task is ChunkedTask {
  return task.kind === 'chunked';
}

export function isWhole(task: CopyTask): task is WholeTask {
  return task.kind === 'whole';
}

/**
 * Decides how a table is copied: whole when no key identifies its rows on both sides (then all targets of the source
 * table are), else in chunks.
 */
export function makeCopyTask(plan: TablePlan, plans: readonly TablePlan[] = [plan]): CopyTask {
  const whole = plans.some(
    ({ source, key }) =>
      source.qualifiedName === plan.source.qualifiedName &&
      (source.keyColumns.length === 0 || key.kind === 'whole-row'),
  );
  // Rows of a table that is copied whole are never looked up.
  const names = whole ? [] : [...plan.source.keyColumns, ...rowNames(plan, plans)];
  const verbatim = isVerbatim(plan, names);
  const columns = verbatim
    ? plan.columns.map((column) => inputOf(plan, column.sameAs as string))
    : withNames(plan, names);
  const task = { plan, columns, verbatim, rowsCopied: 0, rowsTotal: 0, done: false };
  return whole
    ? { ...task, kind: 'whole', copiedAt: undefined }
    : { ...task, kind: 'chunked', lastKey: undefined, rowBytes: 0 };
}

/**
 * Every target column is a plain copy of a source column whose text means the same on both sides, so that the rows need
 * not be decoded.
 */
function isVerbatim(plan: TablePlan, names: readonly string[]): boolean {
  if (plan.module || plan.rows) return false;
  const carried = new Set(plan.columns.map((column) => column.sameAs));
  return (
    plan.columns.every(
      (column) =>
        column.sameAs !== undefined &&
        (column.expression === `s.${quoteIdentifier(column.sameAs)}` ||
          inputOf(plan, column.sameAs).type === 'text'),
    ) && names.every((name) => carried.has(name))
  );
}

function inputOf(plan: TablePlan, name: string): InputColumn {
  return plan.source.readColumns.find((column) => column.name === name) ?? { name, type: 'text' };
}

/** Columns that identify rows in the stream; they match a chunk's rows with the changes seen in its window. */
function rowNames(plan: TablePlan, plans: readonly TablePlan[]): readonly string[] {
  const { identityFull, identityColumns, qualifiedName } = plan.source;
  if (!identityFull) return identityColumns;
  return rowKeyNames(
    plans.filter((other) => other.source.qualifiedName === qualifiedName),
    identityColumns,
  );
}

function withNames(plan: TablePlan, names: readonly string[]): InputColumn[] {
  const columns = [...plan.source.readColumns];
  for (const name of names)
    if (!columns.some((column) => column.name === name)) columns.push({ name, type: 'text' });
  return columns;
}

/** A few chunks are held in memory at a time. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** A table on disk may be compressed many times over: the first chunk is small. */
const FIRST_ROWS = 500;
const GROWTH = 4;

/** How many rows the next chunk may have. @param before limit of the last chunk; 0 for the first */
export function decideChunkRows(most: number, rowBytes: number, before: number): number {
  const fitting = Math.floor(CHUNK_BYTES / Math.max(1, rowBytes));
  return Math.max(1, Math.min(most, fitting, before === 0 ? FIRST_ROWS : before * GROWTH));
}

/** The COPY statement that reads the chunk behind the key. */
export function chunkQuery(task: ChunkedTask, after: readonly string[] | undefined, limit: number): string {
  const { source } = task.plan;
  // With the alias, so that the column orders the rows and not its text in the select list.
  const keys = source.keyColumns.map((key) => `t.${quoteIdentifier(key)}`);
  // Some types are compared with no plain literal, and a domain over an enum with nothing.
  const cast = (value: string, place: number) => `CAST(${value} AS ${source.keyTypes[place]})`;
  const literal = (value: string, place: number) => {
    const text = cast(quoteLiteral(value), place);
    // Once there are statistics, PostgreSQL 18 fails to plan a comparison with a constant of this type (“cache lookup failed for
    // collation 0”): the result of a subquery is no constant.
    return source.keyTypes[place] === '"char"' ? `(SELECT ${text})` : text;
  };
  const where = after ? ` WHERE (${keys.map(cast).join(', ')}) > (${after.map(literal).join(', ')})` : '';
  return copyOf(task, `${where} ORDER BY ${keys.join(', ')} LIMIT ${limit}`);
}

/**
 * The COPY statement that reads the blocks [from, to) of a table; the last piece is unbounded, as the table may have
 * grown.
 */
export function blocksQuery(task: WholeTask, from: number, to: number | undefined): string {
  const end = to === undefined ? '' : ` AND t.ctid < '(${to},0)'`;
  return copyOf(task, ` WHERE t.ctid >= '(${from},0)'${end}`);
}

function copyOf(task: CopyTask, which: string): string {
  const list = task.columns.map((column) => {
    const name = `t.${quoteIdentifier(column.name)}`;
    return task.verbatim ? name : outputText(name, column.type);
  });
  const format = task.verbatim ? '' : ' (FORMAT binary)';
  return `COPY (SELECT ${list.join(', ')} FROM ${task.plan.source.sql} AS t${which}) TO STDOUT${format}`;
}

/** Reads the tasks' progress from the target, and estimates of their size from the source. */
export async function loadProgress(
  target: pg.ClientBase,
  source: pg.ClientBase,
  stream: string,
  tasks: readonly CopyTask[],
): Promise<void> {
  const { rows } = await target.query(
    `SELECT target, last_key AS "lastKey", rows_copied::float8 AS copied, done, copied_at::text AS "copiedAt" FROM ficus.copy_progress WHERE stream = $1`,
    [stream],
  );
  for (const task of tasks) {
    const known = rows.find((row) => row.target === task.plan.target.qualifiedName);
    if (task.kind === 'chunked') task.lastKey = known?.lastKey ?? undefined;
    else task.copiedAt = known?.copiedAt ? parseLsn(known.copiedAt) : undefined;
    task.rowsCopied = known?.copied ?? 0;
    task.done = known?.done ?? false;
    task.rowsTotal = task.rowsCopied;
    if (task.done) continue;
    task.rowsTotal = Math.max(await estimateRows(source, task.plan.source), task.rowsCopied);
    if (task.kind === 'chunked') task.rowBytes = (await readSize(source, task.plan)) / (task.rowsTotal || 1);
  }
}

async function readSize(source: pg.ClientBase, plan: TablePlan): Promise<number> {
  const { rows } = await source.query<{ bytes: number }>(
    `SELECT (pg_table_size($1::oid)
             + coalesce((SELECT sum(pg_table_size(relid)) FROM pg_partition_tree($1::oid) WHERE relid <> $1::oid), 0))::float8 AS bytes`,
    [plan.source.oid],
  );
  return rows[0]?.bytes ?? 0;
}
