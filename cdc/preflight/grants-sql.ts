/**
 * SQL for the roles that run a slice's stream, with exactly the privileges they need. Printed by `ficus check --live
 * --grants`; an administrator reads it, adds passwords, and runs each half in its database.
 */
import { STREAM_SCHEMA, type TableConfig } from '@ficus/core';
import { quoteIdentifier, quoteLiteral, quoteQualified, splitQualified } from '../catalog/quote.ts';
import { typeSchemasSql } from '../catalog/type-schemas.ts';
import { nameStream } from '../source/stream-names.ts';
import { ownSchemaSql } from './own-schema-sql.ts';

interface GrantsInput {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  /** Reads the legacy's WAL and rows. */
  readonly sourceRole?: string;
  /** Writes the candidate's rows. */
  readonly targetRole?: string;
}

/** Both halves with headings, as one commented script. */
export function grantsSql(input: GrantsInput): string {
  return [
    `-- Slice “${input.slice}”: in the legacy's database, as a superuser`,
    ...sourceGrants(input),
    '',
    `-- Slice “${input.slice}”: in the candidate's database, as a superuser`,
    ...targetGrants(input),
    '',
  ].join('\n');
}

/** Statements for the legacy's database. */
export function sourceGrants(input: GrantsInput): string[] {
  const role = input.sourceRole ?? 'ficus_reader';
  const tables = tablesOf(input.tables.map((table) => table.from));
  return [
    createRole(role, 'LOGIN REPLICATION'),
    grantDatabase(role, 'CONNECT'),
    ...schemasOf(input.tables.map((table) => table.from)).map(
      (schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${quoteIdentifier(role)};`,
    ),
    grantTypeSchemas(role, tables),
    `GRANT SELECT ON ${tables.join(', ')} TO ${quoteIdentifier(role)};`,
    '-- Only the owner of a table may publish it, so the publication is made here and not by the role. The role owns it, to',
    '-- stop it from sending updates and deletes as soon as PostgreSQL would refuse them to the legacy for its sake.',
    publicationSql(input.slice, input.tables, role),
  ];
}

/** Statements for the candidate's database. */
export function targetGrants(input: GrantsInput): string[] {
  const role = input.targetRole ?? 'ficus_writer';
  const tables = tablesOf(input.tables.map((table) => table.to));
  return [
    createRole(role, 'LOGIN'),
    '-- CREATE is for schema “ficus”, where the checkpoint lives beside the rows; the role owns nothing else.',
    grantDatabase(role, 'CONNECT, CREATE'),
    ...schemasOf(input.tables.map((table) => table.to)).map(
      (schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${quoteIdentifier(role)};`,
    ),
    grantTypeSchemas(role, tables),
    `GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ${tables.join(', ')} TO ${quoteIdentifier(role)};`,
    '-- What another role has created there, in a first try say, becomes the role’s own.',
    ownSchemaSql(STREAM_SCHEMA, role),
    '-- Replicated rows must not fire triggers a second time.',
    `GRANT SET ON PARAMETER session_replication_role TO ${quoteIdentifier(role)};`,
  ];
}

function tablesOf(qualifiedNames: readonly string[]): string[] {
  return [...new Set(qualifiedNames)].map((qualified) => {
    const { schema, name } = splitQualified(qualified);
    return quoteQualified(schema, name);
  });
}

function schemasOf(qualifiedNames: readonly string[]): string[] {
  return [...new Set(qualifiedNames.map((name) => quoteIdentifier(splitQualified(name).schema)))];
}

export function createRole(role: string, attributes: string): string {
  const name = quoteIdentifier(role);
  return `DO $$ BEGIN CREATE ROLE ${name} ${attributes}; EXCEPTION WHEN duplicate_object THEN ALTER ROLE ${name} ${attributes}; END $$; -- then: ALTER ROLE ${name} PASSWORD '…'`;
}

export function grantDatabase(role: string, privileges: string): string {
  return `DO $$ BEGIN EXECUTE format('GRANT ${privileges} ON DATABASE %I TO %I', current_database(), ${quoteLiteral(role)}); END $$;`;
}

/** Values of enums, composites and domains are read and written under names in their schemas. */
function grantTypeSchemas(role: string, tables: readonly string[]): string {
  const oids = `ARRAY[${tables.map((table) => `${quoteLiteral(table)}::regclass::oid`).join(', ')}]`;
  return `DO $$ DECLARE name text; BEGIN FOR name IN ${typeSchemasSql(oids)}
  LOOP EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', name, ${quoteLiteral(role)}); END LOOP; END $$;`;
}

/**
 * The publication of a slice, for a role to read and to guard. One in use is never narrowed: a stream may read what is not
 * in this config, and a table that is added again has a gap. A publication of all tables, or of a schema, covers its tables
 * as it is, and only a superuser may own it.
 */
export function publicationSql(slice: string, tables: readonly TableConfig[], owner: string): string {
  const publication = nameStream(slice, 'forward', '').publication;
  const name = quoteIdentifier(publication);
  const list = tablesOf(tables.map(({ from }) => from));
  const oids = `ARRAY[${list.map((table) => `${quoteLiteral(table)}::regclass`).join(', ')}]`;
  return `DO $$ DECLARE missing regclass; BEGIN
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = ${quoteLiteral(publication)}) THEN
    CREATE PUBLICATION ${name} FOR TABLE ${list.join(', ')} WITH (publish_via_partition_root = true);
  END IF;
  FOR missing IN SELECT c.oid::regclass FROM pg_publication AS p, pg_class AS c
    WHERE p.pubname = ${quoteLiteral(publication)} AND c.oid = ANY(${oids}) AND NOT p.puballtables
      AND NOT EXISTS (SELECT FROM pg_publication_rel WHERE prpubid = p.oid AND prrelid = c.oid)
      AND NOT EXISTS (SELECT FROM pg_publication_namespace WHERE pnpubid = p.oid AND pnnspid = c.relnamespace)
  LOOP EXECUTE format('ALTER PUBLICATION %I ADD TABLE %s', ${quoteLiteral(publication)}, missing); END LOOP;
  IF EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = ${quoteLiteral(publication)} AND NOT p.puballtables
      AND NOT EXISTS (SELECT FROM pg_publication_namespace WHERE pnpubid = p.oid)) THEN
    BEGIN
      ALTER PUBLICATION ${name} OWNER TO ${quoteIdentifier(owner)};
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING 'The publication stays with its owner: %', SQLERRM;
    END;
  END IF;
END $$;`;
}
