/**
 * (tables of the config, catalogs of both databases) → a plan for each table, or every problem with its config path.
 * Pure: readCatalog has read the databases, loadMappingModules has loaded the modules. checkExpressions handles what
 * only PostgreSQL can judge: the expressions themselves.
 */
import type { TableConfig } from '@ficus/core';
import {
  type DatabaseCatalog,
  findColumn,
  findRowKey,
  type TableCatalog,
} from '../catalog/database-catalog.ts';
import { quoteQualified } from '../catalog/quote.ts';
import { checkTable, checkTables } from './check-tables.ts';
import { type CompiledColumn, compileColumns } from './compile-columns.ts';
import { compileKey } from './compile-key.ts';
import { findNames, findUnstableNames } from './expression-names.ts';
import { findInOrderReasons } from './in-order-reasons.ts';
import type { MappingModules } from './mapping-module.ts';
import type { MappingProblem } from './mapping-problem.ts';
import { findIrreversibleReasons } from './reversibility.ts';
import { asInput, identityColumns } from './source-columns.ts';
import type { InputColumn, KeyPlan, RowsPlan, TablePlan } from './table-plan.ts';

type CompiledMapping =
  | { readonly ok: true; readonly plans: readonly TablePlan[]; readonly problems: readonly [] }
  | {
      readonly ok: false;
      readonly plans: readonly TablePlan[];
      readonly problems: readonly MappingProblem[];
    };

interface CompileInput {
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
  const unfit = checkTables(
    source,
    target,
    {
      serverVersion: input.source.serverVersion,
      sourceRole: input.source.role,
      targetRole: input.target.role,
    },
    path,
  );
  if (unfit.length > 0) return unfit;

  const misused = checkModule(config, input.modules, path);
  if (misused.length > 0) return misused;
  const module = config.module === undefined ? undefined : input.modules?.get(config.module);

  const problems: MappingProblem[] = [];
  const columns = compileColumns({ config, source, target, module, path, problems });
  const rows = compileRows(config, source, path, problems);
  problems.push(...checkVolatile(config, input.target.volatileFunctions, path));
  const key = compileKey({ config, source, target, columns, module, path, problems });
  if (rows && key) problems.push(...checkSharedKeys(rows, key, columns, source, [...path, 'rows']));
  if (problems.length > 0 || !key) return problems;
  const readColumns = findReadColumns(source, columns, rows);
  return {
    index,
    path,
    source: describeSource(source, readColumns),
    target: describeTarget(target, config),
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

/** What the stream and the copy need of a row: columns that the mapping reads, and the key. */
function findReadColumns(
  source: TableCatalog,
  columns: readonly CompiledColumn[],
  rows: RowsPlan | undefined,
): InputColumn[] {
  const names = new Set([
    ...columns.flatMap((column) => [...column.reads]),
    ...(rows?.inputs ?? []),
    ...(findRowKey(source)?.columns ?? []),
  ]);
  return source.columns.filter((column) => names.has(column.name)).map(asInput);
}

function describeTable({ oid, schema, name, qualifiedName }: TableCatalog) {
  return { oid, schema, name, qualifiedName, sql: quoteQualified(schema, name) };
}

function describeSource(source: TableCatalog, readColumns: readonly InputColumn[]): TablePlan['source'] {
  const keyColumns = (findRowKey(source)?.columns ?? []).filter((column) => column !== undefined);
  return {
    ...describeTable(source),
    identityColumns: identityColumns(source),
    identityFull: source.replicaIdentity.kind === 'full',
    keyColumns,
    keyTypes: keyColumns.map((name) => findColumn(source, name)!.baseType),
    readColumns,
  };
}

function describeTarget(target: TableCatalog, { mayLeaveOut = false }: TableConfig): TablePlan['target'] {
  const fires = new Set(target.triggers.map((trigger) => trigger.fires));
  return {
    ...describeTable(target),
    intercepts: target.intercepts,
    mayLeaveOut,
    defers: [
      ...target.uniqueIndexes.map(({ immediate }) => !immediate),
      ...target.foreignKeys.map(({ deferrable }) => deferrable),
    ].includes(true),
    triggers:
      fires.has('always') || fires.has('replica') ? 'replicated' : fires.has('origin') ? 'ordinary' : 'none',
  };
}

function checkModule(
  config: TableConfig,
  modules: MappingModules | undefined,
  path: readonly (string | number)[],
): MappingProblem[] {
  if (config.module === undefined) return [];
  const code = 'FICUS_CDC_MAPPING_INVALID';
  if (!modules?.get(config.module))
    return [{ path: [...path, 'module'], message: 'the module was not loaded', code }];
  if (config.rows === undefined) return [];
  const message =
    'a table cannot have both a module and a condition: let forward() return undefined for rows that are left out';
  return [{ path: [...path, 'rows'], message, code }];
}

function checkVolatile(
  config: TableConfig,
  volatileFunctions: DatabaseCatalog['volatileFunctions'],
  path: readonly (string | number)[],
): MappingProblem[] {
  return ownExpressions(config, path).flatMap(([at, expression]) => {
    const unstable = findUnstableNames(expression, volatileFunctions);
    if (unstable.length === 0) return [];
    const message = `“${unstable.join('”, “')}” is volatile: its result changes from call to call`;
    return { path: at, message, code: 'FICUS_CDC_MAPPING_INVALID' };
  });
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

/** The config's expressions, each with its path. */
function ownExpressions(
  config: TableConfig,
  path: readonly (string | number)[],
): [(string | number)[], string][] {
  const columns = Object.entries(config.columns ?? {}).flatMap(
    ([name, made]): [(string | number)[], string][] =>
      typeof made === 'object' && 'sql' in made ? [[[...path, 'columns', name, 'sql'], made.sql]] : [],
  );
  return config.rows === undefined ? columns : [...columns, [[...path, 'rows'], config.rows]];
}
