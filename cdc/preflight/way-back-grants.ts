/**
 * SQL for what the same roles need beyond the stream to the candidate, before writes can be cut over: the legacy's role
 * writes there, the candidate's role reads the WAL. Printed after the others, so that an administrator may leave it for later.
 */
import { STREAM_SCHEMA } from '@ficus/core';
import { quoteIdentifier } from '../catalog/quote.ts';
import { type GrantsInput, grantDatabase, ofTables, publicationSql } from './grants-sql.ts';
import { ownSchemaSql } from './own-schema-sql.ts';

/** Statements for the legacy's database, after those of sourceGrants. */
export function legacyWayBackGrants({ tables, sourceRole = 'ficus_reader' }: GrantsInput): string[] {
  const role = quoteIdentifier(sourceRole);
  return [
    '-- CREATE is for schema “ficus”, where the checkpoint of the way back lives beside the rows.',
    grantDatabase(sourceRole, 'CREATE'),
    `GRANT INSERT, UPDATE, DELETE, TRUNCATE ON ${ofTables(tables.map(({ from }) => from)).join(', ')} TO ${role};`,
    ownSchemaSql(STREAM_SCHEMA, sourceRole),
    '-- What comes back must not fire the legacy’s triggers a second time.',
    `GRANT SET ON PARAMETER session_replication_role TO ${role};`,
  ];
}

/** Statements for the candidate's database, after those of targetGrants. */
export function candidateWayBackGrants({
  slice,
  tables,
  targetRole = 'ficus_writer',
}: GrantsInput): string[] {
  return [
    `ALTER ROLE ${quoteIdentifier(targetRole)} REPLICATION;`,
    publicationSql(slice, tables, targetRole, 'reverse'),
  ];
}
