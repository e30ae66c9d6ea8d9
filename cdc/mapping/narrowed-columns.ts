/**
 * Columns that are carried over as they are into a type that does not hold all of their values. PostgreSQL would round
 * or cut off some without a word, and verify, which compares what the mapping produces, would call the result a match.
 * An expression in the mapping says that it is meant.
 */
import type { TableConfig } from '@ficus/core';
import { type ColumnCatalog, type DatabaseCatalog, findColumn } from '../catalog/database-catalog.ts';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { MappingProblem } from './mapping-problem.ts';
import type { TablePlan } from './table-plan.ts';
import { judgeTypeChange, type TypeChange } from './type-change.ts';

export interface NarrowedColumn extends MappingProblem {
  readonly plan: TablePlan;
  /** Values are lost silently, so the stream does not start; otherwise the preflight alone says what may happen. */
  readonly loses: boolean;
}

interface Pair {
  readonly plan: TablePlan;
  readonly from: ColumnCatalog;
  readonly to: ColumnCatalog;
}

/**
 * @param plans compiled from the same tables
 * @param begun target tables (`schema.table`) that have copied rows
 */
export function findNarrowedColumns(
  tables: readonly TableConfig[],
  plans: readonly TablePlan[],
  catalogs: { readonly source: DatabaseCatalog; readonly target: DatabaseCatalog },
  begun: ReadonlySet<string>,
): NarrowedColumn[] {
  return plans.flatMap((plan) => {
    const source = catalogs.source.tables.get(plan.source.qualifiedName);
    const target = catalogs.target.tables.get(plan.target.qualifiedName);
    if (!source || !target) return [];
    const pairs = plan.columns.flatMap(({ name, sameAs }): Pair[] => {
      const from = sameAs === undefined ? undefined : findColumn(source, sameAs);
      const to = findColumn(target, name);
      return from && to ? [{ plan, from, to }] : [];
    });
    const config = tables[plan.index];
    const hasBegun = begun.has(plan.target.qualifiedName);
    return pairs.flatMap((pair) => describe(pair, hasBegun, () => entryOf(pair, pairs, config)));
  });
}

/** @param entry what to write into the config where the loss is meant */
function describe(pair: Pair, begun: boolean, entry: () => string): NarrowedColumn[] {
  const { plan, from, to } = pair;
  const change = judgeTypeChange(from, to);
  if (change === 'same' || change === 'widening') return [];
  const types = `“${from.name}” of “${plan.source.qualifiedName}” is ${from.type}, and “${to.name}” of “${plan.target.qualifiedName}” on the target ${to.type}`;
  const widen = `ALTER TABLE ${plan.target.sql} ALTER COLUMN ${quoteIdentifier(to.name)} TYPE ${from.baseTypeWithModifier};`;
  const loses = change === 'narrowing';
  return [
    {
      plan,
      loses,
      path: [...plan.path, 'columns', to.name],
      code: 'FICUS_CDC_NARROWER',
      message: `${types}${OUTCOMES[change](pair, begun, entry)}`,
      ...(loses &&
        from.builtin && {
          remedySql: `${widen} -- on the target${begun ? ', then: ficus copy SLICE --restart' : ''}`,
        }),
    },
  ];
}

const OUTCOMES: Readonly<
  Record<
    Exclude<TypeChange, 'same' | 'widening'>,
    (pair: Pair, begun: boolean, entry: () => string) => string
  >
> = {
  bounded: ({ to }) =>
    `: a value that does not fit stops the stream${/^(character|bpchar)/.test(to.baseType) ? ', and blanks at the end of a text may be cut off, which ficus verify shows' : ''}`,
  utc: () =>
    ': times are converted as those of UTC; where the service means another zone, write an expression under “columns”',
  unknown: () =>
    ': whether each value keeps its meaning depends on the values; where it does not, write an expression under “columns”',
  narrowing: (_, begun, entry) =>
    `, which rounds values or cuts them off without an error: give the target’s column the source’s type${begun ? ' and copy again (ficus copy SLICE --restart)' : ''}; or, where the loss is meant, say so in the table’s entry${begun ? ' (the rows stay as they are)' : ''}: ${entry()}`,
};

/**
 * Without `columns` all of them are meant: as soon as one is named, the others have to be, and `omit` keeps a later one
 * from staying behind.
 */
function entryOf(pair: Pair, pairs: readonly Pair[], config: TableConfig | undefined): string {
  if (config?.columns) return `columns: { …, ${castOf(pair)} }`;
  const columns = pairs.map((each) =>
    judgeTypeChange(each.from, each.to) === 'narrowing'
      ? castOf(each)
      : `${inYaml(each.to.name)}: ${inYaml(each.from.name)}`,
  );
  return `columns: { ${columns.join(', ')} }${config?.omit ? '' : ', omit: []'}`;
}

/** Makes of a value what is assigned where the column goes over as it is; only texts that do not fit are cut off. */
export function castSql(column: string, type: string): string {
  return `${quoteIdentifier(column)}::${type}`;
}

/** An entry for the config that makes the target's values as PostgreSQL would assign them. */
function castOf({ from, to }: Pair): string {
  const sql = castSql(from.name, to.baseTypeWithModifier);
  const [source, target] = [inYaml(from.name), inYaml(to.name)];
  const back = inYaml(quoteIdentifier(to.name));
  return `${target}: { sql: ${inYaml(sql)}, from: [${source}], reverse: { ${source}: ${back} } }`;
}

const inYaml = (text: string): string =>
  /^(?!(?:true|false|null)$)[a-z_]\w*$/i.test(text) ? text : `'${text.replaceAll("'", "''")}'`;
