/**
 * Joins a table of the stream with its plans. Created when the stream describes the table, discarded when the
 * description changes.
 */
import { FicusError } from '@ficus/core';
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
  /** No key of the source is checked at once: two rows of a transaction may have one key for a moment. */
  readonly keysMayMeet: boolean;
  readonly columnPlaces: ReadonlyMap<string, number>;
}

/** @throws FicusError when the stream lacks a column that a mapping needs: the table was altered */
export function bindRelation(relation: Relation, allPlans: readonly TablePlan[]): RelationBinding {
  const table = `${relation.schema}.${relation.name}`;
  const plans = allPlans.filter((plan) => plan.source.qualifiedName === table);
  const columnPlaces = new Map(relation.columns.map((column, place) => [column.name, place]));
  const fitting: TablePlan[] = [];
  for (const plan of plans) {
    const missing = plan.source.readColumns
      .map((column) => column.name)
      .filter((name) => !columnPlaces.has(name));
    const fits = missing.length === 0 ? plan : withoutColumns(plan, new Set(missing));
    if (!fits) throw missingColumn(table, missing[0]!);
    refuseOtherIdentity(fits, relation);
    fitting.push(fits);
  }
  return {
    relation,
    plans: fitting,
    keyColumns: plans.length === 0 ? [] : rowKeyOf(plans, relation, columnPlaces),
    inOrder: plans.some((plan) => plan.inOrderReasons.length > 0),
    identityFull: relation.identity === 'full',
    keysMayMeet: relation.identity === 'full' && plans.some((plan) => plan.source.keyColumns.length === 0),
    columnPlaces,
  };
}

export function sameColumns(a: Relation, b: Relation): boolean {
  return (
    a.name === b.name &&
    a.schema === b.schema &&
    a.identity === b.identity &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, place) => {
      const other = b.columns[place]!;
      return (
        column.name === other.name &&
        column.typeOid === other.typeOid &&
        column.typmod === other.typmod &&
        column.identity === other.identity
      );
    })
  );
}

/** The mapping does not name the table's new name: its changes would be skipped silently. */
export function refuseRenamed(relation: Relation, plans: readonly TablePlan[]): void {
  const name = `${relation.schema}.${relation.name}`;
  const plan = plans.find(({ source }) => source.oid === relation.oid && source.qualifiedName !== name);
  if (!plan) return;
  throw new FicusError(
    'FICUS_CDC_SCHEMA_CHANGED',
    `Table ${plan.source.qualifiedName} is ${name} now: it was renamed, and the stream cannot follow its changes. Copy again: ficus copy SLICE --restart.`,
  );
}

/**
 * Changes from before the replica identity was altered: their old rows may lack what finds the row on the target, and a
 * DELETE would then find none, silently. Without any identity the source sends no old rows.
 */
function refuseOtherIdentity(plan: TablePlan, relation: Relation): void {
  const carried = new Set(relation.columns.filter(({ identity }) => identity).map(({ name }) => name));
  if (plan.module || relation.identity === 'full' || carried.size === 0) return;
  const keys = plan.columns.filter(({ name }) => plan.key.columns.includes(name));
  const needed = [
    ...keys.flatMap(({ inputs }) => inputs),
    ...(plan.rows?.onIdentity ? plan.rows.inputs : []),
  ];
  const lacking = needed.find((name) => !carried.has(name));
  if (lacking === undefined) return;
  throw new FicusError(
    'FICUS_CDC_SCHEMA_CHANGED',
    `The stream has changes of ${plan.source.qualifiedName} from when its replica identity was another one: they do not carry “${lacking}”, by which its rows are found on the target. Set the identity back until they are applied, or copy again: ficus copy SLICE --restart.`,
  );
}

function missingColumn(table: string, column: string): FicusError {
  const message = `Column “${column}” of ${table}, which the mapping needs, is not in the change stream.`;
  return new FicusError('FICUS_CDC_SCHEMA_CHANGED', message, { details: { table, column } });
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
