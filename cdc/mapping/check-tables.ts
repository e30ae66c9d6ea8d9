/** Whether the tables of a mapping can be streamed at all, apart from what the mapping makes of them. */
import type { TableCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier } from '../catalog/quote.ts';
import { identityRemedy } from './compile-key.ts';
import type { MappingProblem } from './mapping-problem.ts';

export function checkTable(
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

/** Problems of two tables that exist. */
export function checkTables(
  source: TableCatalog,
  target: TableCatalog,
  { serverVersion, ...roles }: { serverVersion: number; sourceRole: string; targetRole: string },
  path: readonly (string | number)[],
): MappingProblem[] {
  const from = [...path, 'from'];
  const to = [...path, 'to'];
  return [
    ...checkFamily(source, from),
    ...checkForeign(source, from),
    ...checkGeneratedIdentity(source, serverVersion, from),
    ...checkLogged(source, 'its changes are not in the stream', from),
    ...checkLogged(target, 'a crash of the target would empty it, and not the checkpoint', to),
    ...checkVisible(source, roles.sourceRole, from),
    ...checkVisible(target, roles.targetRole, to),
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

/**
 * Generated columns are not in the stream: an old row would lack a part of what tells it apart, and from 18 on PostgreSQL
 * refuses the source's own updates and deletes as soon as the table is published.
 */
function checkGeneratedIdentity(
  source: TableCatalog,
  serverVersion: number,
  path: readonly (string | number)[],
): MappingProblem[] {
  const [column] = source.generatedIdentity;
  if (column === undefined) return [];
  const refusesWrites = serverVersion >= 18_00_00;
  if (source.replicaIdentity.kind === 'full' && !refusesWrites) return [];
  const harm = refusesWrites
    ? 'as soon as it is published, PostgreSQL refuses its updates and deletes'
    : 'the stream does not carry it, so it could not tell rows apart';
  const message = `the replica identity of “${source.qualifiedName}” has the generated column “${column}”: ${harm}`;
  const remedySql = identityRemedy(source, false);
  const code = 'FICUS_CDC_REPLICA_IDENTITY';
  if (remedySql !== undefined) return [{ path, message, code, remedySql }];
  return [{ path, message: `${message}; give it a primary key without generated columns`, code }];
}

function checkLogged(table: TableCatalog, why: string, path: readonly (string | number)[]): MappingProblem[] {
  const [first] = table.unlogged;
  if (first === undefined) return [];
  const what =
    table.kind === 'partitioned'
      ? `partition ${first} of “${table.qualifiedName}”`
      : `“${table.qualifiedName}”`;
  const remedySql = table.unlogged.map((name) => `ALTER TABLE ${name} SET LOGGED;`).join('\n');
  return [{ path, message: `${what} is unlogged: ${why}`, code: 'FICUS_CDC_MAPPING_INVALID', remedySql }];
}

function checkForeign(source: TableCatalog, path: readonly (string | number)[]): MappingProblem[] {
  if (source.detachForeign.length === 0) return [];
  const message = `a partition of “${source.qualifiedName}” is a foreign table: its changes are not in the source's WAL`;
  const remedySql = source.detachForeign.join('\n');
  return [{ path, message, code: 'FICUS_CDC_MAPPING_INVALID', remedySql }];
}

function checkVisible(
  table: TableCatalog,
  role: string,
  path: readonly (string | number)[],
): MappingProblem[] {
  if (!table.rowSecurity) return [];
  const message = `row security decides which rows of “${table.qualifiedName}” the role sees; rows that it hides would be missing silently`;
  const remedySql = `ALTER ROLE ${quoteIdentifier(role)} BYPASSRLS;`;
  return [{ path, message, code: 'FICUS_CDC_PRIVILEGE', remedySql }];
}
