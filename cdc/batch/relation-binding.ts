/**
 * Joins a table of the stream with its plans. Created when the stream describes the table, discarded when the
 * description changes.
 */
import type { Relation } from '../decode/change-visitor.ts';
import type { TablePlan } from '../mapping/table-plan.ts';

export interface RelationBinding {
  readonly relation: Relation;
  /** All plans with this table as source; a split has several. Empty: no mapping uses the table. */
  readonly plans: readonly TablePlan[];
  /** Positions of the columns that identify rows, ascending; every old tuple carries them. */
  readonly keyColumns: readonly number[];
  /** Whether changes must be applied one after the other. */
  readonly inOrder: boolean;
  readonly identityFull: boolean;
  readonly columnPlaces: ReadonlyMap<string, number>;
}

/** The stream lacks a column that a mapping needs: the table was altered. */
export interface MissingColumn {
  readonly table: string;
  readonly column: string;
}

export function bindRelation(
  relation: Relation,
  allPlans: readonly TablePlan[],
): RelationBinding | MissingColumn {
  const table = `${relation.schema}.${relation.name}`;
  const plans = allPlans.filter((plan) => plan.source.qualifiedName === table);
  const columnPlaces = new Map(relation.columns.map((column, place) => [column.name, place]));
  const fitting: TablePlan[] = [];
  for (const plan of plans) {
    const missing = plan.source.readColumns
      .map((column) => column.name)
      .filter((name) => !columnPlaces.has(name));
    const fits = missing.length === 0 ? plan : withoutColumns(plan, new Set(missing));
    if (!fits) return { table, column: missing[0]! };
    fitting.push(fits);
  }
  return {
    relation,
    plans: fitting,
    keyColumns: plans.length === 0 ? [] : rowKeyOf(plans, relation, columnPlaces),
    inOrder: plans.some((plan) => plan.inOrderReasons.length > 0),
    identityFull: relation.identity === 'full',
    columnPlaces,
  };
}

/**
 * For changes from before a column was added: whatever depends on the column gets the target's default, as the source's
 * own rows did. Undefined when the key or the row condition needs the column.
 */
function withoutColumns(plan: TablePlan, missing: ReadonlySet<string>): TablePlan | undefined {
  if (plan.module) return plan;
  const needs = (inputs: readonly string[]) => inputs.some((input) => missing.has(input));
  const columns = plan.columns.filter((column) => !needs(column.inputs));
  const keyIsWhole = plan.key.columns.every((key) => columns.some((column) => column.name === key));
  if (!keyIsWhole || needs(plan.rows?.inputs ?? [])) return undefined;
  return { ...plan, columns, input: plan.input.filter((column) => !missing.has(column.name)) };
}

function rowKeyOf(
  plans: readonly TablePlan[],
  relation: Relation,
  places: ReadonlyMap<string, number>,
): number[] {
  const identity = relation.columns.filter((column) => column.identity).map((column) => column.name);
  const names =
    relation.identity === 'full'
      ? rowKeyNames(
          plans,
          relation.columns.map(({ name }) => name),
        )
      : identity;
  return names
    .map((name) => places.get(name))
    .filter((place) => place !== undefined)
    .sort((a, b) => a - b);
}

/**
 * Under REPLICA IDENTITY FULL: columns that identify rows on the source and on every target. A target may have another
 * key than the source; when a row's values for it change, it is another row there. The same holds for columns of the
 * row condition: the old row says whether the target had it.
 */
export function rowKeyNames(plans: readonly TablePlan[], all: readonly string[]): string[] {
  const source = plans[0]?.source.keyColumns ?? [];
  const target = plans.flatMap((plan) =>
    plan.module
      ? // forwardKey gets the source's key and may rely on nothing else.
        plan.module.forwardKey
        ? []
        : plan.key.columns.filter((name) => all.includes(name))
      : [
          ...plan.columns
            .filter(({ name }) => plan.key.columns.includes(name))
            .flatMap(({ inputs }) => inputs),
          ...(plan.rows?.inputs ?? []),
        ],
  );
  const names = new Set([...source, ...target]);
  return names.size > 0 ? [...names] : [...all];
}
