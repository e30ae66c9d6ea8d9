/**
 * How a target row is found when its source row changes or is deleted. The key must be computable from the WAL's old
 * row alone, which carries only the replica identity.
 */
import type { TableConfig } from '@ficus/core';
import { findRowKey, type TableCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteQualified } from '../catalog/quote.ts';
import type { CompiledColumn } from './compile-columns.ts';
import type { MappingModule } from './mapping-module.ts';
import type { MappingProblem } from './mapping-problem.ts';
import { identityColumns } from './source-columns.ts';
import type { KeyPlan } from './table-plan.ts';

interface KeyInput {
  readonly config: TableConfig;
  readonly source: TableCatalog;
  readonly target: TableCatalog;
  readonly columns: readonly CompiledColumn[];
  readonly module: MappingModule | undefined;
  readonly path: readonly (string | number)[];
  readonly problems: MappingProblem[];
}

export function compileKey(input: KeyInput): KeyPlan | undefined {
  const { source, target, problems } = input;
  const identity = identityColumns(source);
  if (identity.length === 0) {
    problems.push({
      path: [...input.path, 'from'],
      message: describeMissingIdentity(source),
      code: 'FICUS_CDC_REPLICA_IDENTITY',
      remedySql: identityRemedy(source),
    });
    return undefined;
  }
  const carried = new Set(identity);
  const byName = new Map(input.columns.map((column) => [column.plan.name, column]));
  const derivable = (name: string) =>
    input.module
      ? input.module.forwardKey !== undefined || source.replicaIdentity.kind === 'full' || carried.has(name)
      : byName.get(name)?.reads.every((read) => carried.has(read)) === true;
  for (const index of target.uniqueIndexes) {
    const columns = index.columns.filter((name) => name !== undefined);
    const usable = index.identifiesRows && columns.every((name) => byName.has(name) && derivable(name));
    // With a key of constants alone, one row would stand for all.
    const distinguishing = input.module || columns.some((name) => (byName.get(name)?.reads.length ?? 0) > 0);
    if (!usable || !distinguishing) continue;
    problems.push(...checkModuleKey(input, columns));
    return { kind: 'columns', columns, indexName: index.name };
  }
  // Rows found by all of their columns cannot be matched between the stream and a chunk, so the table is copied whole
  // (WholeCopy).
  const mayBeKeyless = source.replicaIdentity.kind === 'full' && !input.module && input.columns.length > 0;
  if (mayBeKeyless && !target.uniqueIndexes.some((index) => index.identifiesRows))
    return { kind: 'whole-row', columns: input.columns.map(({ plan }) => plan.name) };
  problems.push({
    path: [...input.path, 'to'],
    message: describeMissingKey(target, identity),
    code: 'FICUS_CDC_MAPPING_INVALID',
    ...keyRemedy(input, identity),
  });
  return undefined;
}

/** A key of the target's columns that carry what identifies a source row; nothing where a row is told apart by less. */
function keyRemedy(
  { source, target, columns }: KeyInput,
  identity: readonly string[],
): { remedySql?: string } {
  const names = source.replicaIdentity.kind === 'full' ? (findRowKey(source)?.columns ?? []) : identity;
  const key = names.map((name) => columns.find(({ plan }) => plan.sameAs === name)?.plan.name);
  if (key.length === 0 || key.includes(undefined)) return {};
  const table = quoteQualified(target.schema, target.name);
  const list = key.map((name) => quoteIdentifier(name!));
  if (!target.uniqueIndexes.some((index) => index.primary))
    return { remedySql: `ALTER TABLE ${table} ADD PRIMARY KEY (${list.join(', ')});` };
  const notNull = list.map((name) => `ALTER COLUMN ${name} SET NOT NULL`);
  return { remedySql: `ALTER TABLE ${table} ${notNull.join(', ')}, ADD UNIQUE (${list.join(', ')});` };
}

/**
 * A row that forward() leaves out is removed by its key, because it may have been included before. When several source
 * rows share a key, the removal may hit another row; only the module can tell.
 */
function checkModuleKey({ source, module, path }: KeyInput, key: readonly string[]): MappingProblem[] {
  if (!module || module.forwardKey) return [];
  const tells = source.uniqueIndexes.some(
    (index) =>
      index.identifiesRows && index.columns.every((name) => name !== undefined && key.includes(name)),
  );
  if (tells) return [];
  return [
    {
      path: [...path, 'module'],
      message: `several rows of “${source.qualifiedName}” may have the same key (${key.join(', ')}) on the target, and removing one that forward() leaves out would remove another; let the module export forwardKey(identity), which returns null for a row that is not on the target`,
      code: 'FICUS_CDC_MAPPING_INVALID',
    },
  ];
}

function describeMissingIdentity(source: TableCatalog): string {
  const reason =
    source.replicaIdentity.kind === 'none' && source.replicaIdentity.reason === 'nothing'
      ? 'has REPLICA IDENTITY NOTHING'
      : 'has no primary key and no other replica identity';
  return `“${source.qualifiedName}” ${reason}: the stream could not follow updates and deletes`;
}

/** @param fullSuffices false where FULL is what is wrong */
export function identityRemedy(source: TableCatalog, fullSuffices = true): string | undefined {
  const table = quoteQualified(source.schema, source.name);
  const index = source.uniqueIndexes.find((candidate) => candidate.identifiesRows);
  if (index?.primary) return `ALTER TABLE ${table} REPLICA IDENTITY DEFAULT;`;
  if (index) return `ALTER TABLE ${table} REPLICA IDENTITY USING INDEX ${quoteIdentifier(index.name)};`;
  if (!fullSuffices) return undefined;
  return `ALTER TABLE ${table} REPLICA IDENTITY FULL; -- better still: ALTER TABLE ${table} ADD PRIMARY KEY (…);`;
}

function describeMissingKey(target: TableCatalog, identity: readonly string[]): string {
  const keys = target.uniqueIndexes
    .filter((index) => index.identifiesRows)
    .map((index) => `(${index.columns.join(', ')})`);
  const need = `from (${identity.join(', ')}) of the source`;
  return keys.length === 0
    ? `“${target.qualifiedName}” has neither a primary key nor a non-null unique index that can be filled ${need}`
    : `no key of “${target.qualifiedName}”, ${keys.join(' or ')}, can be filled ${need} alone`;
}
