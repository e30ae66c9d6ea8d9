/**
 * (tables of the config, catalogs of both databases) → a plan for each table, or every problem with its config path.
 * Pure: readCatalog has read the databases, loadMappingModules has loaded the modules. checkExpressions handles what
 * only PostgreSQL can judge: the expressions themselves.
 */
import type { TableConfig } from '@ficus/core';
import { type DatabaseCatalog, findRowKey, type TableCatalog } from '../catalog/database-catalog.ts';
import { quoteQualified } from '../catalog/quote.ts';
import { type CompiledColumn, compileColumns } from './compile-columns.ts';
import { compileKey } from './compile-key.ts';
import { findNames, findUnstableNames } from './expression-names.ts';
import { findInOrderReasons } from './in-order-reasons.ts';
import type { MappingModules } from './mapping-module.ts';
import type { MappingProblem } from './mapping-problem.ts';
import { findIrreversibleReasons } from './reversibility.ts';
import { asInput, identityColumns } from './source-columns.ts';
import type { KeyPlan, RowsPlan, TablePlan } from './table-plan.ts';

export type CompiledMapping =
  | { readonly ok: true; readonly plans: readonly TablePlan[]; readonly problems: readonly [] }
  | {
      readonly ok: false;
      readonly plans: readonly TablePlan[];
      readonly problems: readonly MappingProblem[];
    };

export interface CompileInput {
  readonly tables: readonly TableConfig[];
  readonly source: DatabaseCatalog;
  readonly target: DatabaseCatalog;
  /** Required when a table names a module. */
  readonly modules?: MappingModules;
  /** Config path of `tables`: `['slices', 'notifications', 'tables']`. */
  readonly path?: readonly (string | number)[];
}

/** Compiles the mapping of a slice. `plans` holds the valid tables even when others have problems. */
export function compileMapping(input: CompileInput): CompiledMapping {
  const problems: MappingProblem[] = [];
  const plans: TablePlan[] = [];
  const targets = new Map<string, number>();
  for (const [index, config] of input.tables.entries()) {
    const path = [...(input.path ?? ['tables']), index];
    const earlier = targets.get(config.to);
    if (earlier !== undefined) {
      problems.push({
        path: [...path, 'to'],
        message: `“${config.to}” is the target of tables[${earlier}] already; each table can be the target of one entry only`,
        code: 'FICUS_CDC_MAPPING_INVALID',
      });
      continue;
    }
    targets.set(config.to, index);
    const compiled = compileTable(config, index, path, input);
    if (Array.isArray(compiled)) problems.push(...compiled);
    else plans.push(compiled);
  }
  return problems.length === 0 ? { ok: true, plans, problems: [] } : { ok: false, plans, problems };
}

/** Names of the tables that a mapping needs from each side's catalog. */
export function mappedTables(tables: readonly TableConfig[]): { source: string[]; target: string[] } {
  return {
    source: [...new Set(tables.map((table) => table.from))],
    target: [...new Set(tables.map((table) => table.to))],
  };
}

function compileTable(
  config: TableConfig,
  index: number,
  path: readonly (string | number)[],
  input: CompileInput,
): TablePlan | MappingProblem[] {
  const source = input.source.tables.get(config.from);
  const target = input.target.tables.get(config.to);
  const missing = [
    ...checkTable(source, config.from, `source database “${input.source.database}”`, [...path, 'from']),
    ...checkTable(target, config.to, `target database “${input.target.database}”`, [...path, 'to']),
  ];
  if (!source || !target || missing.length > 0) return missing;
  const unfit = [...checkFamily(source, [...path, 'from'])];
  unfit.push(...checkVisible(source, [...path, 'from']), ...checkVisible(target, [...path, 'to']));
  if (unfit.length > 0) return unfit;

  const module = config.module === undefined ? undefined : input.modules?.get(config.module);
  if (module && config.rows !== undefined) {
    const message =
      'a table cannot have both a module and a condition: let forward() return undefined for rows that are left out';
    return [{ path: [...path, 'rows'], message, code: 'FICUS_CDC_MAPPING_INVALID' }];
  }
  if (config.module !== undefined && !module)
    return [
      { path: [...path, 'module'], message: 'the module was not loaded', code: 'FICUS_CDC_MAPPING_INVALID' },
    ];

  const problems: MappingProblem[] = [];
  const columns = compileColumns({ config, source, target, module, path, problems });
  const rows = compileRows(config, source, path, problems);
  const identity = identityColumns(source);
  for (const [name, expression] of ownExpressions(config)) {
    const unstable = findUnstableNames(expression, input.target.volatileFunctions);
    if (unstable.length === 0) continue;
    const at = name === 'rows' ? [...path, 'rows'] : [...path, 'columns', name, 'sql'];
    problems.push({
      path: at,
      message: `“${unstable.join('”, “')}” is volatile: its result changes from call to call`,
      code: 'FICUS_CDC_MAPPING_INVALID',
    });
  }
  const key = compileKey({ config, source, target, columns, module, path, problems });
  if (rows && key) problems.push(...checkSharedKeys(rows, key, columns, source, [...path, 'rows']));
  if (problems.length > 0 || !key) return problems;

  const readNames = new Set(columns.flatMap((column) => [...column.reads]));
  for (const name of rows?.inputs ?? []) readNames.add(name);
  for (const name of findRowKey(source)?.columns ?? []) if (name !== undefined) readNames.add(name);
  const readColumns = source.columns.filter((column) => readNames.has(column.name)).map(asInput);
  const identityFull = source.replicaIdentity.kind === 'full';
  return {
    index,
    path,
    source: {
      oid: source.oid,
      schema: source.schema,
      name: source.name,
      qualifiedName: source.qualifiedName,
      sql: quoteQualified(source.schema, source.name),
      identityColumns: identity,
      identityFull,
      keyColumns: (findRowKey(source)?.columns ?? []).filter((name) => name !== undefined),
      readColumns,
    },
    target: {
      oid: target.oid,
      schema: target.schema,
      name: target.name,
      qualifiedName: target.qualifiedName,
      sql: quoteQualified(target.schema, target.name),
      triggers: target.triggers.some(({ fires }) => fires === 'always' || fires === 'replica')
        ? 'replicated'
        : target.triggers.some(({ fires }) => fires === 'origin')
          ? 'ordinary'
          : 'none',
    },
    input: module ? columns.map((column) => ({ name: column.plan.name, type: 'text' })) : readColumns,
    columns: columns.map((column) => column.plan),
    key,
    rows,
    module,
    overridingSystemValue: columns.some((column) => !column.plan.updatable),
    inOrderReasons: findInOrderReasons(target, key),
    irreversibleReasons: findIrreversibleReasons({ config, source, columns, module }),
  };
}

function checkTable(
  table: TableCatalog | undefined,
  name: string,
  where: string,
  path: readonly (string | number)[],
): MappingProblem[] {
  if (!table)
    return [
      { path, message: `there is no table “${name}” in the ${where}`, code: 'FICUS_CDC_TABLE_MISSING' },
    ];
  if (table.kind === 'table' || table.kind === 'partitioned') return [];
  return [
    {
      path,
      message: `“${name}” in the ${where} is not a table (${table.kind})`,
      code: 'FICUS_CDC_TABLE_MISSING',
    },
  ];
}

/**
 * Rows that the copy would include and the stream cannot follow: it sends their changes under another name, or not at
 * all.
 */
function checkFamily(source: TableCatalog, path: readonly (string | number)[]): MappingProblem[] {
  if (source.hasChildren) {
    const message = `other tables inherit from “${source.qualifiedName}”: the copy would include their rows, but the stream sends their changes under their own names`;
    return [{ path, message, code: 'FICUS_CDC_MAPPING_INVALID' }];
  }
  const [partition] = source.unfitPartitions;
  if (partition === undefined) return [];
  const message = `the replica identity of partition ${partition} is not that of “${source.qualifiedName}”: as soon as it is published, PostgreSQL refuses its updates and deletes, or does not send what tells its rows apart`;
  const remedySql = source.unfitPartitions
    .map((name) => `ALTER TABLE ${name} REPLICA IDENTITY FULL;`)
    .join('\n');
  return [{ path, message, code: 'FICUS_CDC_REPLICA_IDENTITY', remedySql }];
}

function checkVisible(table: TableCatalog, path: readonly (string | number)[]): MappingProblem[] {
  if (!table.rowSecurity) return [];
  const message = `row security decides which rows of “${table.qualifiedName}” the role sees; rows that it hides would be missing silently`;
  const remedySql = 'ALTER ROLE … BYPASSRLS; -- the role of this database’s URL';
  return [{ path, message, code: 'FICUS_CDC_PRIVILEGE', remedySql }];
}

function compileRows(
  config: TableConfig,
  source: TableCatalog,
  path: readonly (string | number)[],
  problems: MappingProblem[],
): RowsPlan | undefined {
  if (config.rows === undefined) return undefined;
  const names = findNames(config.rows).identifiers;
  const inputs = source.columns.filter((column) => !column.generated && names.has(column.name));
  if (inputs.length === 0)
    problems.push({
      path: [...path, 'rows'],
      message: `names no column of “${config.from}”`,
      code: 'FICUS_CDC_MAPPING_INVALID',
    });
  const identity = identityColumns(source);
  return {
    condition: `(${config.rows})`,
    inputs: inputs.map((column) => column.name),
    onIdentity: inputs.every((column) => identity.includes(column.name)),
  };
}

/**
 * Rows that the condition leaves out may have the same target keys as rows that it includes. The old row of a row left
 * out now must then show whether it was included before.
 */
function checkSharedKeys(
  rows: RowsPlan,
  key: KeyPlan,
  columns: readonly CompiledColumn[],
  source: TableCatalog,
  path: readonly (string | number)[],
): MappingProblem[] {
  if (rows.onIdentity) return [];
  const read = columns.filter(({ plan }) => key.columns.includes(plan.name)).flatMap(({ reads }) => reads);
  const lost = identityColumns(source).filter((name) => !read.includes(name));
  if (lost.length === 0) return [];
  const beyond = rows.inputs.filter((name) => !identityColumns(source).includes(name));
  return [
    {
      path,
      message: `rows of “${source.qualifiedName}” that differ in “${lost.join('”, “')}” alone have one key on the target, and old rows do not carry “${beyond.join('”, “')}”, which the condition reads: the stream could not tell whether a row was on the target`,
      code: 'FICUS_CDC_REPLICA_IDENTITY',
      remedySql: `ALTER TABLE ${quoteQualified(source.schema, source.name)} REPLICA IDENTITY FULL; -- or carry “${lost.join('”, “')}” over into the key of the target`,
    },
  ];
}

function ownExpressions(config: TableConfig): [string, string][] {
  const columns = Object.entries(config.columns ?? {}).flatMap(([name, made]): [string, string][] =>
    typeof made === 'object' && 'sql' in made ? [[name, made.sql]] : [],
  );
  return config.rows === undefined ? columns : [...columns, ['rows', config.rows]];
}
