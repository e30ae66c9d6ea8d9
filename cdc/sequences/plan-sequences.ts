/** Joins the sequences of both sides through the mapping. Reads catalogs alone. Called by openSequences. */
import type { TableConfig } from '@ficus/core';
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import { readDrawnColumns } from './read-drawn-columns.ts';
import { columnKey, type DrawnColumns, type KeyColumn, type SequenceFacts } from './sequence-facts.ts';
import type { Operation, PlannedColumn, PlannedSequence, SequencePlan } from './sequence-plan.ts';

export interface PlanInput {
  readonly slice: string;
  readonly operation: Operation;
  readonly tables: readonly TableConfig[];
  /** Compiled forward: from the legacy to the candidate. */
  readonly plans: readonly TablePlan[];
  readonly legacy: pg.ClientBase;
  readonly candidate: pg.ClientBase;
}

export async function planSequences(input: PlanInput): Promise<SequencePlan> {
  const [legacy, candidate] = await Promise.all([
    readDrawnColumns(input.legacy, [...new Set(input.plans.map((plan) => plan.source.qualifiedName))]),
    readDrawnColumns(input.candidate, [...new Set(input.plans.map((plan) => plan.target.qualifiedName))]),
  ]);
  const forward = input.operation === 'cutover';
  const sides = { from: forward ? legacy : candidate, to: forward ? candidate : legacy };
  const columns = sides.to.drawn.map((drawn) => ({
    drawn,
    planned: pairColumn(drawn, drawn.through, input, sides.from),
  }));
  const oids = [...new Set(columns.map(({ drawn }) => drawn.sequence.oid))];
  const before = new Map(
    oids.map((oid) => {
      const own = columns.filter(({ drawn }) => drawn.sequence.oid === oid);
      return [
        oid,
        sequencesOf(
          own.flatMap(({ planned }) => planned.counterparts),
          sides.from,
        ),
      ] as const;
    }),
  );
  const outside = await findOutside(forward ? input.legacy : input.candidate, sides.from, [
    ...new Set([...before.values()].flat().map(({ oid }) => oid)),
  ]);
  return {
    newOwner: forward ? 'candidate' : 'legacy',
    oldOwner: forward ? 'legacy' : 'candidate',
    paths: { legacy: 'legacy.database', candidate: `slices.${input.slice}.candidate.database` },
    roles: { legacy: legacy.role, candidate: candidate.role },
    sequences: oids.map((oid): PlannedSequence => {
      const own = columns.filter(({ drawn }) => drawn.sequence.oid === oid);
      const sources = before.get(oid) ?? [];
      return {
        sequence: own[0]!.drawn.sequence,
        columns: own.flatMap(({ planned }) => planned.columns),
        before: sources,
        sharedOutside: [...new Set(sources.flatMap((source) => outside.get(source.oid) ?? []))],
      };
    }),
    unseen: sides.to.unseen
      .filter(
        (column) =>
          !pairColumn(column, 'default', input, sides.from).counterparts.some(({ refers }) => refers),
      )
      .map(({ table, column, why }) => ({ table, column, why })),
    keyless: sides.to.keyless.map(({ table, column, type }) => `${table}.${column} (${type})`),
    oldConnections: sides.from.maxConnections,
  };
}

interface Paired {
  readonly columns: readonly PlannedColumn[];
  readonly counterparts: readonly KeyColumn[];
}

/** One entry for each counterpart: a table that is split has several. */
function pairColumn(
  column: KeyColumn,
  through: PlannedColumn['through'],
  { operation, plans, tables }: PlanInput,
  other: DrawnColumns,
): Paired {
  const forward = operation === 'cutover';
  const own = plans.filter((plan) => (forward ? plan.target : plan.source).qualifiedName === column.table);
  const entries = own.map((plan): PlannedColumn => {
    const mapped = forward
      ? plan.columns.find(({ name }) => name === column.column)
      : plan.columns.find(({ sameAs }) => sameAs === column.column);
    const table = (forward ? plan.source : plan.target).qualifiedName;
    // A module turns whole rows: its columns usually keep the names of keys.
    const name = plan.module ? column.column : forward ? mapped?.sameAs : mapped?.name;
    const counterpart = name === undefined ? undefined : other.columns.get(columnKey(table, name));
    const computed =
      counterpart === undefined && isComputed(plan, tables[plan.index], column.column, forward);
    return { column, through, counterpart, computed };
  });
  return { columns: entries, counterparts: entries.flatMap(({ counterpart }) => counterpart ?? []) };
}

/** Whether another column's values go into this one through an expression. */
function isComputed(
  plan: TablePlan,
  config: TableConfig | undefined,
  column: string,
  forward: boolean,
): boolean {
  if (plan.module) return true;
  if (forward) return (plan.columns.find(({ name }) => name === column)?.inputs.length ?? 0) > 0;
  return Object.values(config?.columns ?? {}).some(
    (made) => typeof made === 'object' && 'sql' in made && Object.hasOwn(made.reverse ?? {}, column),
  );
}

function sequencesOf(columns: readonly KeyColumn[], side: DrawnColumns): SequenceFacts[] {
  const found = side.drawn.filter(({ table, column }) =>
    columns.some((wanted) => wanted.table === table && wanted.column === column),
  );
  return [...new Map(found.map(({ sequence }) => [sequence.oid, sequence])).values()];
}

/** Columns of other tables that draw from these sequences by a default. */
async function findOutside(
  client: pg.ClientBase,
  side: DrawnColumns,
  oids: readonly number[],
): Promise<Map<number, string[]>> {
  const { rows } = await client.query<{ sequence: number; table: string }>(
    `SELECT DISTINCT d.refobjid::int8::float8 AS sequence, n.nspname || '.' || c.relname AS table
       FROM pg_depend d JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
       JOIN pg_class c ON c.oid = a.adrelid AND NOT c.relispartition JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY($1::oid[]) ORDER BY 2`,
    [oids],
  );
  const own = new Set([...side.columns.values()].map(({ table }) => table));
  const found = new Map<number, string[]>();
  for (const { sequence, table } of rows)
    if (!own.has(table)) found.set(sequence, [...(found.get(sequence) ?? []), table]);
  return found;
}
