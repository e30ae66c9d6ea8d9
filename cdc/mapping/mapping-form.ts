/**
 * What a table's mapping makes of a row, in a form that can be stored and compared: independent of the order of the
 * config, of its comments, and of whether the columns are named or all of them meant.
 */
import type { TableConfig } from '@ficus/core';
import { castSql } from './narrowed-columns.ts';
import { normalizeSql } from './normalize-sql.ts';
import type { TablePlan } from './table-plan.ts';

export interface MappingForm {
  /** `schema.table` of the source. */
  readonly from: string;
  /** Target column → how it is computed. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: string | null;
  /** Digest of the module's file. */
  readonly module: string | null;
}

export function formOfMapping(plan: TablePlan, config: TableConfig, moduleDigest?: string): MappingForm {
  return {
    from: plan.source.qualifiedName,
    columns: Object.fromEntries(plan.columns.map(({ name }) => [name, describeColumn(name, config)])),
    rows: config.rows === undefined ? null : normalizeSql(config.rows),
    module: moduleDigest ?? null,
  };
}

function describeColumn(name: string, config: TableConfig): string {
  if (config.module !== undefined) return 'module';
  const made = config.columns ? config.columns[name] : name;
  if (typeof made === 'object' && 'constant' in made) return `constant ${JSON.stringify(made.constant)}`;
  if (typeof made === 'object') return `sql ${normalizeSql(made.sql)}`;
  return `column ${made}`;
}

export interface MappingComparison {
  readonly before: MappingForm;
  readonly now: MappingForm;
  /** Whether the source had the column, and has it, when the forms were made. */
  readonly hadSource: (column: string) => boolean;
  readonly hasSource: (column: string) => boolean;
  readonly hasTarget: (column: string) => boolean;
  /** Type of a target column, domains resolved. */
  readonly typeOf: (column: string) => string | undefined;
}

/** What rows of before lack under the mapping of now, as the end of a sentence; undefined: nothing. */
export function compareMappings(comparison: MappingComparison): string | undefined {
  const { before, now } = comparison;
  if (before.from !== now.from) return `its rows came from ${before.from}, not from ${now.from}`;
  if (before.module !== now.module) return 'its module is another one, or was edited';
  if (before.rows !== now.rows) return 'the condition “rows” is another one';
  const names = [...new Set([...Object.keys(before.columns), ...Object.keys(now.columns)])].sort();
  for (const name of names) {
    const why = compareColumn(name, before.columns[name], now.columns[name], comparison);
    if (why) return why;
  }
  return undefined;
}

/** A column that the source got or lost meanwhile is no edit of the mapping: evaluateColumns judges it. */
function compareColumn(
  name: string,
  before: string | undefined,
  now: string | undefined,
  { hadSource, hasSource, hasTarget, typeOf }: MappingComparison,
): string | undefined {
  if (before === now) return undefined;
  if (now === undefined) {
    const isGone = before?.startsWith('column ') === true && !hasSource(before.slice('column '.length));
    return isGone || !hasTarget(name) ? undefined : `column “${name}” is no longer mapped`;
  }
  if (before !== undefined)
    return now === castOf(before, typeOf(name)) ? undefined : `column “${name}” is computed in another way`;
  const isNew = now.startsWith('column ') && !hadSource(now.slice('column '.length));
  return isNew ? undefined : `column “${name}” was not mapped`;
}

/** What says of a column that was carried over as it is that its values may be rounded: it makes the same of every row. */
function castOf(form: string, type: string | undefined): string | undefined {
  if (!form.startsWith('column ') || type === undefined) return undefined;
  return `sql ${normalizeSql(castSql(form.slice('column '.length), type))}`;
}
