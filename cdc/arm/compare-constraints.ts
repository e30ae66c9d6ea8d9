/**
 * What one side's tables refuse and the other side's do not. After a change of owner rows are written on the other side
 * first, and travel back: one that is refused stops the stream, and with it the way back. Pure: on the forward plans, both
 * catalogs, and the constraints of both.
 */
import { formatPath, type TableConfig } from '@ficus/core';
import {
  type ColumnCatalog,
  type DatabaseCatalog,
  findColumn,
  type TableCatalog,
} from '../catalog/database-catalog.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { judgeTypeChange } from '../mapping/type-change.ts';
import type { TableConstraint } from './read-table-constraints.ts';

/** On the strict side's table. */
export interface ConstraintGap {
  /** Config path of the table's entry. */
  readonly path: string;
  readonly table: string;
  readonly columns: readonly string[];
  /** What is refused, as the rest of a sentence; of computed columns what each must be. */
  readonly what: string;
  /** Two columns of one value are compared: certain. An expression makes the values: possible, and all in one. */
  readonly certainty: 'certain' | 'possible';
  /** The stream writes in the replica role, in which PostgreSQL does not check foreign keys: the row is written all the same. */
  readonly unchecked?: true;
}

export interface ComparedSides {
  readonly plans: readonly TablePlan[];
  readonly tables: readonly TableConfig[];
  readonly legacy: ComparedSide;
  readonly candidate: ComparedSide;
  /** Whose tables refuse: the old owner's. */
  readonly strict: 'legacy' | 'candidate';
  /** Whether the stream may write there without foreign keys being checked. */
  readonly replicaRole: boolean;
}

interface ComparedSide {
  readonly catalog: DatabaseCatalog;
  readonly constraints: readonly TableConstraint[];
}

/** The two tables of one plan, and which column holds the same value. */
interface Pair {
  readonly path: string;
  readonly strict: TableCatalog;
  readonly loose: TableCatalog;
  /** Strict column → loose column. */
  readonly same: ReadonlyMap<string, string>;
  /** Strict columns that an expression or a module makes of others. */
  readonly computed: readonly string[];
  readonly strictConstraints: readonly TableConstraint[];
  readonly looseConstraints: readonly TableConstraint[];
  readonly replicaRole: boolean;
}

export function compareConstraints(sides: ComparedSides): ConstraintGap[] {
  return sides.plans.flatMap((plan) => {
    const pair = pairOf(plan, sides);
    if (!pair) return [];
    return [...compareColumns(pair), ...compareWhole(pair), ...compareComputed(pair)];
  });
}

function pairOf(plan: TablePlan, sides: ComparedSides): Pair | undefined {
  const { tables, legacy, candidate, strict, replicaRole } = sides;
  const from = legacy.catalog.tables.get(plan.source.qualifiedName);
  const to = candidate.catalog.tables.get(plan.target.qualifiedName);
  if (!from || !to) return undefined;
  const straight = plan.columns.flatMap(({ name, sameAs }) =>
    sameAs === undefined ? [] : [[sameAs, name] as const],
  );
  const isLegacy = strict === 'legacy';
  const of = (side: ComparedSide, table: TableCatalog) =>
    side.constraints.filter((constraint) => constraint.table === table.qualifiedName);
  return {
    path: formatPath(plan.path),
    strict: isLegacy ? from : to,
    loose: isLegacy ? to : from,
    same: new Map(isLegacy ? straight : straight.map(([legacyName, name]) => [name, legacyName])),
    computed: isLegacy ? restoredBy(tables[plan.index], plan, from) : computedBy(plan),
    strictConstraints: isLegacy ? of(legacy, from) : of(candidate, to),
    looseConstraints: isLegacy ? of(candidate, to) : of(legacy, from),
    replicaRole,
  };
}

/** Columns of the legacy that the way back computes. */
function restoredBy(config: TableConfig | undefined, plan: TablePlan, from: TableCatalog): string[] {
  if (plan.module) return from.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  return Object.values(config?.columns ?? {}).flatMap((made) =>
    typeof made === 'object' && 'sql' in made ? Object.keys(made.reverse ?? {}) : [],
  );
}

const computedBy = (plan: TablePlan): string[] =>
  plan.columns
    .filter(({ sameAs, inputs }) => sameAs === undefined && (plan.module !== undefined || inputs.length > 0))
    .map(({ name }) => name);

function compareColumns({ path, strict, loose, same }: Pair): ConstraintGap[] {
  return [...same].flatMap(([name, other]): ConstraintGap[] => {
    const [to, from] = [findColumn(strict, name), findColumn(loose, other)];
    if (!to || !from) return [];
    const gap = (what: string): ConstraintGap => ({
      path,
      table: strict.qualifiedName,
      columns: [name],
      what,
      certainty: 'certain',
    });
    return [
      ...(to.notNull && !from.notNull ? [gap('null')] : []),
      ...(TYPE_GAPS[judgeTypeChange(from, to)] ? [gap(typeGap(from, to))] : []),
    ];
  });
}

const TYPE_GAPS = {
  same: false,
  widening: false,
  utc: false,
  bounded: true,
  narrowing: true,
  unknown: true,
} as const;

function typeGap(from: ColumnCatalog, to: ColumnCatalog): string {
  if (!to.enumLabels) return `what does not fit from ${from.type} into ${to.type}`;
  const unknown = from.enumLabels?.filter((label) => !to.enumLabels?.includes(label));
  return unknown
    ? `the labels “${unknown.join('”, “')}” of ${from.type}`
    : `every ${from.type} that is no label of ${to.type}`;
}

/** Constraints over whole values: the other side has the same one, or refuses less. */
function compareWhole(pair: Pair): ConstraintGap[] {
  const { path, strict, same, computed, strictConstraints } = pair;
  return strictConstraints.flatMap((constraint): ConstraintGap[] => {
    const { columns, kind, name, definition } = constraint;
    // Those of computed columns are listed with these; a column that stays behind has its default.
    if (columns.some((column) => computed.includes(column)) || !columns.every((column) => same.has(column)))
      return [];
    if (hasEqual(constraint, pair)) return [];
    const gap = { path, table: strict.qualifiedName, columns, certainty: 'certain' } as const;
    if (kind === 'foreign')
      return [
        {
          ...gap,
          what: `what has no row in “${constraint.references}”`,
          ...(pair.replicaRole && { unchecked: true }),
        },
      ];
    const spelled = kind === 'unique' ? `unique index “${name}”` : `“${name}” (${definition})`;
    const what = `what ${kind === 'unique' ? `${spelled} has already` : `${spelled} does not allow`}`;
    return [{ ...gap, what }];
  });
}

function hasEqual(constraint: TableConstraint, { same, looseConstraints }: Pair): boolean {
  const names = constraint.columns.map((column) => same.get(column)!);
  if (constraint.plain)
    // One on fewer columns is stricter.
    return looseConstraints.some(
      (other) => other.plain && other.columns.every((column) => names.includes(column)),
    );
  // What it refers to has another name there: the same columns are enough.
  if (constraint.kind === 'foreign')
    return looseConstraints.some(
      (other) => other.kind === 'foreign' && names.toSorted().join('\0') === other.columns.join('\0'),
    );
  const wanted = renamed(constraint.definition, same);
  return looseConstraints.some(
    (other) =>
      other.kind === constraint.kind &&
      other.definition === wanted &&
      (constraint.kind !== 'domain' || names.includes(other.columns[0] ?? '')),
  );
}

/** The definition in the words of the other side. */
function renamed(definition: string, same: ReadonlyMap<string, string>): string {
  return definition.replace(/'(?:[^']|'')*'|"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/gu, (word) => {
    if (word.startsWith("'")) return word;
    const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
    const other = same.get(name);
    if (other === undefined) return word;
    return /^[a-z_][a-z0-9_$]*$/.test(other) ? other : `"${other.replaceAll('"', '""')}"`;
  });
}

function demandOf({ kind, definition, references }: TableConstraint): string {
  if (kind === 'unique') return 'unique';
  return kind === 'foreign' ? `a row of “${references}”` : definition;
}

/** Of computed columns one can only say what they must be. */
function compareComputed(pair: Pair): ConstraintGap[] {
  const { path, strict } = pair;
  const demanding = pair.computed.flatMap((name) => {
    const demands = demandsOn(name, pair);
    return demands.length > 0 ? [{ name, text: `“${name}” (${demands.join(', ')})` }] : [];
  });
  if (demanding.length === 0) return [];
  return [
    {
      path,
      table: strict.qualifiedName,
      columns: demanding.map(({ name }) => name),
      what: demanding.map(({ text }) => text).join(', '),
      certainty: 'possible',
    },
  ];
}

function demandsOn(name: string, { strict, strictConstraints, replicaRole }: Pair): string[] {
  const column = findColumn(strict, name);
  if (!column) return [];
  return [
    ...(column.notNull ? ['not null'] : []),
    ...(column.enumLabels ? [`a label of ${column.type}`] : []),
    ...strictConstraints
      .filter(({ columns, kind }) => columns.includes(name) && !(kind === 'foreign' && replicaRole))
      .map(demandOf),
  ];
}
