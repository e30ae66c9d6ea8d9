/** How each target column is computed, as SQL over the row alias `s`. Called by compileMapping. */
import type { ColumnSource, TableConfig } from '@ficus/core';
import { type ColumnCatalog, findColumn, type TableCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import type { MappingModule } from './mapping-module.ts';
import type { MappingProblem } from './mapping-problem.ts';
import { hasPlainInput } from './source-columns.ts';
import type { TargetColumn } from './table-plan.ts';

export interface CompiledColumn {
  readonly plan: TargetColumn;
  readonly made: ColumnSource | 'module';
  /** Source columns whose values the column depends on. */
  readonly reads: readonly string[];
}

export interface ColumnsInput {
  readonly config: TableConfig;
  readonly source: TableCatalog;
  readonly target: TableCatalog;
  readonly module: MappingModule | undefined;
  readonly path: readonly (string | number)[];
  /** Collects the problems found. */
  readonly problems: MappingProblem[];
}

export function compileColumns(input: ColumnsInput): CompiledColumn[] {
  const compiled = input.module ? fromModule(input, input.module) : fromColumns(input);
  const order = new Map(input.target.columns.map((column) => [column.name, column.attnum]));
  requireNotNull(input, compiled);
  return compiled.sort((a, b) => (order.get(a.plan.name) ?? 0) - (order.get(b.plan.name) ?? 0));
}

function fromColumns(input: ColumnsInput): CompiledColumn[] {
  const { source, target } = input;
  const wanted = input.config.columns ? Object.entries(input.config.columns) : sameNamed(input);
  if (wanted.length === 0) {
    const message = `“${source.qualifiedName}” and “${target.qualifiedName}” have no column name in common; name the columns`;
    input.problems.push({ path: input.path, message, code: 'FICUS_CDC_MAPPING_INVALID' });
  }
  return wanted.flatMap(([name, made]) => compileColumn(input, name, made) ?? []);
}

function sameNamed({ config, source, target }: ColumnsInput): [string, ColumnSource][] {
  return target.columns
    .filter(({ name }) => config.omit?.includes(name) !== true)
    .filter((column) => !column.generated && findColumn(source, column.name)?.generated === false)
    .map((column) => [column.name, column.name]);
}

function compileColumn(input: ColumnsInput, name: string, made: ColumnSource): CompiledColumn | undefined {
  const path = [...input.path, 'columns', name];
  const column = findColumn(input.target, name);
  if (!column) {
    const message = `there is no column “${name}” in the target table “${input.target.qualifiedName}”`;
    input.problems.push({ path, message, code: 'FICUS_CDC_TABLE_MISSING' });
    return undefined;
  }
  if (column.generated) {
    const message = `“${name}” is a generated column of the target; leave it out`;
    input.problems.push({ path, message, code: 'FICUS_CDC_MAPPING_INVALID' });
    return undefined;
  }
  if (typeof made === 'string') return carried(input, column, made, path);
  if ('constant' in made) {
    const literal = made.constant === null ? 'NULL' : quoteLiteral(String(made.constant));
    return { plan: planColumn(column, literal, [], undefined), made, reads: [] };
  }
  const reads = made.from.filter((from, at) => checkSource(input, from, [...path, 'from', at]));
  return { plan: planColumn(column, made.sql, reads, undefined), made, reads };
}

function carried(
  input: ColumnsInput,
  column: ColumnCatalog,
  from: string,
  path: readonly (string | number)[],
): CompiledColumn | undefined {
  if (!checkSource(input, from, path)) return undefined;
  const source = findColumn(input.source, from) as ColumnCatalog;
  // With a condition, the rows with the missing labels may be the ones that are left out.
  const lost = input.config.rows === undefined ? lostLabels(source, column) : [];
  if (lost.length > 0) {
    const message = `the target’s type ${column.type} lacks the labels “${lost.join('”, “')}” of the source’s ${source.type}`;
    input.problems.push({ path, message, code: 'FICUS_CDC_MAPPING_INVALID' });
  }
  const value = `s.${quoteIdentifier(from)}`;
  const plan = planColumn(column, value, [from], from);
  const same = hasPlainInput(source) && source.baseType === column.baseType;
  return { plan: same ? { ...plan, expression: value } : plan, made: from, reads: [from] };
}

function checkSource(input: ColumnsInput, from: string, path: readonly (string | number)[]): boolean {
  const column = findColumn(input.source, from);
  if (column && !column.generated) return true;
  const message = column
    ? `“${from}” is a generated column of the source, and those are not in the change stream; compute it again with sql`
    : `there is no column “${from}” in the source table “${input.source.qualifiedName}”`;
  input.problems.push({
    path,
    message,
    code: column ? 'FICUS_CDC_MAPPING_INVALID' : 'FICUS_CDC_TABLE_MISSING',
  });
  return false;
}

function lostLabels(source: ColumnCatalog, target: ColumnCatalog): string[] {
  if (!source.enumLabels || !target.enumLabels) return [];
  const known = new Set(target.enumLabels);
  return source.enumLabels.filter((label) => !known.has(label));
}

function fromModule(input: ColumnsInput, module: MappingModule): CompiledColumn[] {
  const reads = input.source.columns.filter((column) => !column.generated).map((column) => column.name);
  const writable = input.target.columns.filter((column) => !column.generated);
  for (const name of module.columns ?? []) {
    if (writable.some((column) => column.name === name)) continue;
    const message = `the module fills “${name}”, which “${input.target.qualifiedName}” does not have`;
    input.problems.push({ path: [...input.path, 'module'], message, code: 'FICUS_CDC_MAPPING_INVALID' });
  }
  return writable
    .filter((column) => module.columns?.includes(column.name) ?? true)
    .map((column) => {
      const plan = planColumn(column, `s.${quoteIdentifier(column.name)}`, [column.name], undefined);
      return { plan, made: 'module', reads };
    });
}

/** An unmapped target column that is NOT NULL without a default makes every insert fail. */
function requireNotNull(input: ColumnsInput, compiled: readonly CompiledColumn[]): void {
  const filled = new Set(compiled.map((column) => column.plan.name));
  for (const column of input.target.columns) {
    if (!column.notNull || column.hasDefault || column.generated || filled.has(column.name)) continue;
    // A wrong column name in the mapping has already been reported there.
    if (input.config.columns && column.name in input.config.columns) continue;
    const message = `the target column “${column.name}” must not be null and has no default: map it`;
    input.problems.push({ path: [...input.path, 'columns'], message, code: 'FICUS_CDC_MAPPING_INVALID' });
  }
}

function planColumn(
  column: ColumnCatalog,
  value: string,
  inputs: readonly string[],
  sameAs: string | undefined,
): TargetColumn {
  return {
    name: column.name,
    expression: cast(value, column),
    expectedText: expectedText(value, column),
    castType: column.baseType,
    type: column.type,
    builtin: column.builtin,
    inputs,
    updatable: column.identity !== 'always',
    sameAs,
  };
}

// User-defined types (enums, composites) do not cast to one another: they convert through text, label for label.
function cast(value: string, column: ColumnCatalog): string {
  // bpchar has no cast of its own to regclass: PostgreSQL then reads the text form, as it should.
  if (column.baseType === 'regclass') return `CAST(CAST(CAST((${value}) AS text) AS bpchar) AS regclass)`;
  return column.builtin
    ? `CAST((${value}) AS ${column.baseType})`
    : `CAST(CAST((${value}) AS text) AS ${column.baseType})`;
}

// The source need not know the target's own types; their text is compared as it is. For other types the modifier
// matters: numeric(10,2) rounds, timestamp(0) truncates. Not that of texts: the assignment refuses a longer one, and the
// blanks that it cuts off the end are lost.
function expectedText(value: string, column: ColumnCatalog): string {
  if (!column.builtin || column.baseType === 'bpchar') return `CAST((${value}) AS text)`;
  if (column.baseType === 'bpchar[]') return unpaddedText(value);
  const typed = cast(value, column);
  if (column.baseTypeWithModifier === column.baseType || column.baseType.startsWith('character varying'))
    return `CAST(${typed} AS text)`;
  return `CAST(CAST(${typed} AS ${column.baseTypeWithModifier}) AS text)`;
}

/** The text of an array of char(n): each of its values without the blanks at its end, as a single one is cast to text. */
export function unpaddedText(value: string): string {
  return `CAST(CAST((${value}) AS text[]) AS text)`;
}
