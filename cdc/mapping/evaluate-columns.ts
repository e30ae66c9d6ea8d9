/**
 * DDL is not in the change stream. Changes to a table are found by comparing its columns with those recorded when its
 * rows were last known to be right; a change that would make the target differ silently stops the stream.
 */
import type { TableConfig } from '@ficus/core';
import type { ColumnCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import { takesAllColumns } from './left-behind.ts';
import type { TablePlan } from './table-plan.ts';

export interface ColumnsInput {
  readonly plan: TablePlan;
  readonly config: TableConfig;
  /** Source columns that some part of the table carries over. */
  readonly taken: ReadonlySet<string>;
  /** As describeColumn wrote them. */
  readonly before: readonly string[];
  readonly source: readonly ColumnCatalog[];
  readonly target: readonly ColumnCatalog[];
}

const COPY_AGAIN = 'copy again: ficus copy SLICE --restart.';

/** Undefined when the stream can continue; else a sentence or two on what to do. */
export function evaluateColumns({
  plan,
  config,
  taken,
  before,
  source,
  target,
}: ColumnsInput): string | undefined {
  const left = new Map(before.map(splitColumn).filter(([name, known]) => isKept(name, known, target)));
  const table = plan.source.qualifiedName;
  const read = new Set(plan.source.readColumns.map((column) => column.name));
  const omitted = new Set(config.omit);
  const takesAll = takesAllColumns(config);
  for (const column of source.filter(({ generated }) => !generated)) {
    const { name, type } = column;
    const known = left.get(name);
    left.delete(name);
    if (known === undefined) {
      const lacks = takesAll && !read.has(name) && !taken.has(name) && !omitted.has(name);
      const problem = evaluateAdded({ plan, config, target }, column, lacks);
      if (problem) return problem;
    } else if (read.has(name) && !isSameType(known, column) && !isWidening(known.type, type))
      return `Column “${name}” of ${table} changed its type from ${known.type} to ${type}; the rows that this rewrote are not in the stream: ${COPY_AGAIN}`;
    else if (read.has(name) && known.attnum !== undefined && known.attnum !== column.attnum)
      return `Column “${name}” of ${table} was dropped and added again, or renamed: it is a different column now, and its values in existing rows are not in the stream: ${COPY_AGAIN}`;
  }
  const gone = [...left.keys()].find((name) => plan.columns.some((column) => column.name === name));
  if (gone !== undefined && config.columns === undefined && config.module === undefined)
    return `Column “${gone}” was dropped from ${table}; drop it from ${plan.target.qualifiedName} too, or name the columns in the mapping.`;
  return undefined;
}

/**
 * On the source, a default fills the existing rows, also one that was dropped or replaced right after: the target must fill
 * its own in the same way. The default also fills rows from before the column was added that are still in the stream.
 */
function evaluateAdded(
  { plan, config, target }: Pick<ColumnsInput, 'plan' | 'config' | 'target'>,
  column: ColumnCatalog,
  lacks: boolean,
): string | undefined {
  const { name, type, notNull, hasDefault } = column;
  const fillSql = fillOf(column);
  const table = plan.source.qualifiedName;
  const carried = plan.columns.find((column) => column.sameAs === name);
  if (hasDefault && (carried || lacks) && fillSql === undefined)
    return `Column “${name}” was added to ${table} with a default that is not constant; the values that it gave to existing rows are not in the stream: ${lacks ? 'name it under “omit” in the mapping, or add it to the target, then ' : ''}${COPY_AGAIN}`;
  const fill = fillSql === undefined ? '' : ` DEFAULT ${fillSql}`;
  const own = fillSql === column.defaultSql ? '' : ' Afterwards the column may get its own default.';
  if (lacks && config.columns)
    return `Column “${name}” was added to ${table}, and the mapping does not name it: ALTER TABLE ${plan.target.sql} ADD COLUMN ${quoteIdentifier(name)} ${type}${fill}; and name it under “columns”, or do neither and name it under “omit”.${own}`;
  if (lacks)
    return `Column “${name}” was added to ${table}, and ${plan.target.qualifiedName} lacks it: ALTER TABLE ${plan.target.sql} ADD COLUMN ${quoteIdentifier(name)} ${type}${fill}; or name it under “omit” in the mapping.${own}`;
  const filled = carried && target.find((column) => column.name === carried.name);
  // NOT NULL without a default: every row of the source got its value by a change that is in the stream.
  if (!filled || (fillSql === undefined && notNull)) return undefined;
  if (isFilledAlike(filled, column, fillSql)) return undefined;
  const to = quoteIdentifier(filled.name);
  const alter = `ALTER TABLE ${plan.target.sql}`;
  if (fillSql === undefined)
    return `Column “${name}” was added to ${table} without a default, but in ${plan.target.qualifiedName} it has one, which filled the existing rows: ${filled.notNull ? `${alter} ALTER COLUMN ${to} DROP NOT NULL; ` : ''}${alter} ALTER COLUMN ${to} DROP DEFAULT; UPDATE ${plan.target.sql} SET ${to} = NULL; afterwards the default may be set again.`;
  return `Column “${name}” was added to ${table} with a default that filled the existing rows, and ${plan.target.qualifiedName} has another default: UPDATE ${plan.target.sql} SET ${to} = ${fillSql}; ${alter} ALTER COLUMN ${to} SET${fill}; afterwards it may get its own default again.`;
}

/** What the rows of then have, as SQL; undefined: nothing, or it is not known. */
function fillOf(column: ColumnCatalog): string | undefined {
  const { defaultSql, filledWith, type } = column;
  const constant = isConstant(defaultSql) ? defaultSql : undefined;
  if (filledWith === undefined) return constant;
  if (defaultTextOf(column) === canonicalText(filledWith, column)) return constant;
  return `${quoteLiteral(filledWith)}::${type}`;
}

function isFilledAlike(target: ColumnCatalog, source: ColumnCatalog, fillSql: string | undefined): boolean {
  if (target.defaultSql === fillSql) return true;
  if (source.filledWith === undefined) return false;
  // Of an expression that calls nothing and is no literal, only its own text can be compared.
  if (
    isConstant(source.defaultSql) &&
    defaultTextOf(source) === undefined &&
    target.defaultSql === source.defaultSql
  )
    return true;
  const filled = target.filledWith === undefined ? undefined : canonicalText(target.filledWith, target);
  return [filled, defaultTextOf(target)].includes(canonicalText(source.filledWith, source));
}

/** Of a default that is a literal. */
function defaultTextOf(column: ColumnCatalog): string | undefined {
  const text = isConstant(column.defaultSql) ? textOfConstant(column.defaultSql) : undefined;
  return text === undefined ? undefined : canonicalText(text, column);
}

/** PostgreSQL writes a value in another way than the default that it came from: `f` for false, `0.00` for 0. */
function canonicalText(text: string, { baseType }: Pick<ColumnCatalog, 'baseType'>): string {
  switch (baseType) {
    case 'boolean':
      return text.charAt(0);
    case 'numeric':
      return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
    case 'character':
    case 'bpchar':
      return text.replace(/ +$/, '');
    default:
      return text;
  }
}

const CAST = /::(?:[\w ."]|\([\d,]+\)|\[\])+$/;

/** Text of a literal, without casts: of `'it''s'::character varying(9)`, it's; undefined for any other expression. */
export function textOfConstant(sql: string): string | undefined {
  if (CAST.test(sql)) return textOfConstant(sql.replace(CAST, ''));
  if (/^\(.*\)$/s.test(sql)) return textOfConstant(sql.slice(1, -1));
  if (/^'(?:[^']|'')*'$/.test(sql)) return sql.slice(1, -1).replaceAll("''", "'");
  return /^(?:-?[\d.]+|true|false)$/.test(sql) ? sql : undefined;
}

/** A column as the target remembers it. */
export function describeColumn({ name, type, attnum, typeOid, typmod }: ColumnCatalog): string {
  return JSON.stringify([name, type, attnum, null, typeOid, typmod]);
}

/** @param column as describeColumn wrote it */
export const nameOfColumn = (column: string): string => splitColumn(column)[0];

/**
 * Columns that the source has dropped and the target still has, with their values: a column that is later added to the
 * source under the same name is a different one. Kept until the target's column is dropped as well.
 */
export function describeDropped(
  before: readonly string[],
  source: readonly ColumnCatalog[],
  target: readonly ColumnCatalog[],
): string[] {
  return before.map(splitColumn).flatMap(([name, known]) => {
    const kept = target.find((column) => column.name === name);
    if (!kept || source.some((column) => column.name === name) || !isKept(name, known, target)) return [];
    return [JSON.stringify([name, known.type, known.attnum, kept.attnum])];
  });
}

/** As remembered; older versions knew a type by its name alone. */
export interface KnownType {
  readonly type: string;
  readonly typeOid?: number | undefined;
  readonly typmod?: number | undefined;
}

/** A type of the database's own may be renamed or moved, and is named with its schema or without, as the search path says. */
export function isSameType(before: KnownType, now: KnownType): boolean {
  if (before.type === now.type) return true;
  return before.typeOid !== undefined && before.typeOid === now.typeOid && before.typmod === now.typmod;
}

interface KnownColumn extends KnownType {
  readonly attnum: number | undefined;
  /** For a dropped column: the target's column that holds its values. */
  readonly keptIn: number | undefined;
}

function splitColumn(column: string): [string, KnownColumn] {
  const [name, type, attnum, keptIn, typeOid, typmod] = JSON.parse(column);
  return [name, { type, attnum, keptIn: keptIn ?? undefined, typeOid, typmod }];
}

function isKept(name: string, { keptIn }: KnownColumn, target: readonly ColumnCatalog[]): boolean {
  return keptIn === undefined || target.some((column) => column.name === name && column.attnum === keptIn);
}

/** The same type with room for more: no value changes. */
export function isWidening(before: string, now: string): boolean {
  const base = (type: string) => type.replace(/\(.*\)/, '');
  return base(before) === base(now) && digitsOf(now) >= digitsOf(before) && lengthOf(now) >= lengthOf(before);
}

const LOSSLESS: Readonly<Record<string, readonly string[]>> = {
  smallint: ['integer', 'bigint', 'numeric'],
  integer: ['bigint', 'numeric'],
  bigint: ['numeric'],
  'character varying': ['text'],
};

/** Whether every value means the same, and reads the same, in the other type. */
export function isLossless(before: string, now: string): boolean {
  const base = before.replace(/\(.*\)/, '');
  return isWidening(before, now) || LOSSLESS[base]?.includes(now) === true;
}

/** Whether a default, as PostgreSQL prints it, calls no function. */
export function isConstant(defaultSql: string | undefined): defaultSql is string {
  if (defaultSql === undefined) return false;
  const bare = defaultSql.replace(/'(?:[^']|'')*'/g, '').replace(/::[\w ]+(\([\d,]+\))?/g, '');
  return !/[\w"]\s*\(|\b(CURRENT_|SESSION_USER|USER|LOCALTIME|SYSTEM_USER)/.test(bare);
}

/** Fraction digits that a type keeps; unlimited without a modifier. */
function digitsOf(type: string): number {
  const numeric = /^numeric\(\d+(?:,(-?\d+))?\)/.exec(type);
  if (numeric) return Number(numeric[1] ?? 0);
  if (!/^(?:time|interval)/.test(type)) return Number.POSITIVE_INFINITY;
  return Number(/\((\d+)\)/.exec(type)?.[1] ?? 6);
}

/** Characters or bits that a type keeps; unlimited without a modifier. */
function lengthOf(type: string): number {
  return Number(/^(?:character|bit)\b[^(]*\((\d+)\)/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY);
}
