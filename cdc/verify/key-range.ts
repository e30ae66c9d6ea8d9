/**
 * Key ranges by which a table is compared. Each run computes them from both tables as they stand, independently of the
 * first copy's chunks; together they cover all possible keys: the first range has no lower bound, the last no upper.
 */
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import { type DatabaseSide, keyPlaces, keyReference } from './side-rows.ts';

/** (after, upTo], as texts of the key columns; undefined means unbounded. */
export interface KeyRange {
  readonly after: readonly string[] | undefined;
  readonly upTo: readonly string[] | undefined;
}

/** Types whose order is the same in every database, whatever its collation. */
const ORDERED_ALIKE = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'uuid',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'bytea',
]);

/** Whether both sides can be split by the key: plain copied columns of types that sort alike. */
export function isRangeable(plan: TablePlan): boolean {
  return (
    plan.key.kind === 'columns' &&
    !plan.module &&
    keyPlaces(plan).every((place) => {
      const column = plan.columns[place];
      const input = plan.input.find((candidate) => candidate.name === column?.sameAs);
      return column !== undefined && input?.type === column.castType && ORDERED_ALIKE.has(column.castType);
    })
  );
}

/** SQL condition of a range; its parameters start at $`first`. */
export function rangeCondition(
  plan: TablePlan,
  side: DatabaseSide,
  range: KeyRange,
  first: number,
): { sql: string; values: string[] } {
  const parts: string[] = [];
  const values: string[] = [];
  const bound = (operator: string, key: readonly string[] | undefined) => {
    if (!key) return;
    const parameters = keyPlaces(plan).map((place, at) => {
      values.push(key[at] ?? '');
      return `$${first + values.length - 1}::text::${plan.columns[place]?.castType}`;
    });
    parts.push(`(${keyTuple(plan, side)}) ${operator} (${parameters.join(', ')})`);
  };
  bound('>', range.after);
  bound('<=', range.upTo);
  return { sql: parts.length === 0 ? 'true' : parts.join(' AND '), values };
}

/** The next range of about `rows` rows on the side with more rows; the last one is unbounded. */
export async function nextRange(
  plan: TablePlan,
  source: pg.ClientBase,
  target: pg.ClientBase,
  after: readonly string[] | undefined,
  rows: number,
): Promise<KeyRange> {
  const [onSource, onTarget] = await Promise.all([
    boundary(plan, 'source', source, after, rows),
    boundary(plan, 'target', target, after, rows),
  ]);
  if (!onSource || !onTarget) return { after, upTo: onSource ?? onTarget };
  return { after, upTo: (await isLess(plan, target, onSource, onTarget)) ? onSource : onTarget };
}

async function boundary(
  plan: TablePlan,
  side: DatabaseSide,
  client: pg.ClientBase,
  after: readonly string[] | undefined,
  rows: number,
): Promise<string[] | undefined> {
  const condition = rangeCondition(plan, side, { after, upTo: undefined }, 2);
  const keys = keyPlaces(plan).map((place) => keyReference(plan, side, place));
  const from = side === 'target' ? `${plan.target.sql} t` : `${plan.source.sql} s`;
  const texts = keys.map((_, at) => `k${at}::text`).join(', ');
  const named = keys.map((key, at) => `${key} AS k${at}`).join(', ');
  const answer = await client.query<string[]>({
    text: `SELECT ${texts} FROM (SELECT ${named} FROM ${from} WHERE ${condition.sql}
             ORDER BY ${keys.join(', ')} OFFSET $1 LIMIT 1) AS boundary`,
    values: [rows - 1, ...condition.values],
    rowMode: 'array',
  });
  return answer.rows[0];
}

async function isLess(
  plan: TablePlan,
  client: pg.ClientBase,
  one: readonly string[],
  other: readonly string[],
): Promise<boolean> {
  const tuple = (from: number) =>
    keyPlaces(plan)
      .map((place, at) => `$${from + at}::text::${plan.columns[place]?.castType}`)
      .join(', ');
  const { rows } = await client.query<{ less: boolean }>(
    `SELECT (${tuple(1)}) < (${tuple(1 + one.length)}) AS less`,
    [...one, ...other],
  );
  return rows[0]?.less === true;
}

function keyTuple(plan: TablePlan, side: DatabaseSide): string {
  return keyPlaces(plan)
    .map((place) => keyReference(plan, side, place))
    .join(', ');
}
