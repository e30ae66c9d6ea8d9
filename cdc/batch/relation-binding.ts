/**
 * A table of the stream joined with its plans. Made when the stream describes the table, discarded when it describes
 * it differently.
 */
import type { Relation } from '../decode/change-visitor.ts';
import type { TablePlan } from '../mapping/table-plan.ts';

export interface RelationBinding {
  readonly relation: Relation;
  /** All plans with this table as source; a split has several. Empty: the table is of no interest. */
  readonly plans: readonly TablePlan[];
  /** Places of the columns that tell rows apart, ascending; every old tuple carries them. */
  readonly keyColumns: readonly number[];
  /** Whether changes must be applied one after the other. */
  readonly inOrder: boolean;
  readonly identityFull: boolean;
  readonly columnPlaces: ReadonlyMap<string, number>;
}

/** A needed column is not in the stream (any more): the table was altered. */
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
 * For changes from before a column was added: what depends on the column is left to the target's default, as the
 * source's own rows were. Undefined when the key or the choice of rows needs the column.
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
 * Under REPLICA IDENTITY FULL: columns that tell rows apart on the source and on every target. A target may have
 * another key than the source; a row whose values for it change is, there, another row. So is one whose values for the
 * choice of rows change: its old row says whether it was there.
 */
export function rowKeyNames(plans: readonly TablePlan[], all: readonly string[]): string[] {
  const source = plans[0]?.source.keyColumns ?? [];
  const target = plans.flatMap((plan) =>
    plan.module
      ? // forwardKey is given the source's key and may rely on no more.
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
