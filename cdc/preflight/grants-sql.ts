/**
 * SQL for the roles that run a slice's stream, with exactly the privileges they need. Printed by `ficus check --live
 * --grants`; an administrator reads it, adds passwords, and runs each half in its database.
 */
import { STREAM_SCHEMA, type TableConfig } from '@ficus/core';
import { quoteIdentifier, quoteLiteral, quoteQualified, splitQualified } from '../catalog/quote.ts';
import { typeSchemasSql } from '../catalog/type-schemas.ts';
import { nameStream } from '../source/stream-names.ts';
import { ownSchemaSql } from './own-schema-sql.ts';

export interface GrantsInput {
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
  const tables = ofTables(input.tables.map((table) => table.from));
  return [
    createRole(role, 'LOGIN REPLICATION'),
    grantDatabase(role, 'CONNECT'),
    ...schemasOf(input.tables.map((table) => table.from)).map(
      (schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${quoteIdentifier(role)};`,
    ),
    grantTypeSchemas(role, tables),
    `GRANT SELECT ON ${tables.join(', ')} TO ${quoteIdentifier(role)};`,
    ...grantSequences(role, tables),
    '-- Only the owner of a table may publish it, so the publication is made here and not by the role. The role owns it, to',
    '-- stop it from sending updates and deletes as soon as PostgreSQL would refuse them to the legacy for its sake.',
    publicationSql(input.slice, input.tables, role),
  ];
}

/** Statements for the candidate's database. */
export function targetGrants(input: GrantsInput): string[] {
  const role = input.targetRole ?? 'ficus_writer';
  const tables = ofTables(input.tables.map((table) => table.to));
  return [
    createRole(role, 'LOGIN'),
    '-- CREATE is for schema “ficus”, where the checkpoint lives beside the rows; the role owns nothing else.',
    grantDatabase(role, 'CONNECT, CREATE'),
    ...schemasOf(input.tables.map((table) => table.to)).map(
      (schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${quoteIdentifier(role)};`,
    ),
    grantTypeSchemas(role, tables),
    `GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ${tables.join(', ')} TO ${quoteIdentifier(role)};`,
    ...grantSequences(role, tables),
    '-- What another role has created there, in a first try say, becomes the role’s own.',
    ownSchemaSql(STREAM_SCHEMA, role),
    '-- Replicated rows must not fire triggers a second time.',
    `GRANT SET ON PARAMETER session_replication_role TO ${quoteIdentifier(role)};`,
  ];
}

export function ofTables(qualifiedNames: readonly string[]): string[] {
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

/** A cutover compares the sequences of both sides and sets the new owner's ahead; a rollback does the same the other way. */
function grantSequences(role: string, tables: readonly string[]): string[] {
  const oids = `ARRAY[${tables.map((table) => `${quoteLiteral(table)}::regclass::oid`).join(', ')}]`;
  return [
    '-- For a cutover or a rollback of writes: the sequences of the new owner are set beyond the keys that the old one has given.',
    `DO $$ DECLARE seq regclass; BEGIN FOR seq IN SELECT DISTINCT c.oid::regclass FROM pg_class AS c JOIN pg_depend AS d
    ON (d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY(${oids}))
    OR (d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_attrdef'::regclass
        AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = ANY(${oids})))
  WHERE c.relkind = 'S'
  LOOP EXECUTE format('GRANT SELECT, UPDATE ON SEQUENCE %s TO %I', seq, ${quoteLiteral(role)});
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = seq), ${quoteLiteral(role)}); END LOOP; END $$;`,
  ];
}

/**
 * The publication of a slice, for a role to read and to guard. One in use is never narrowed: a stream may read what is not
 * in this config, and a table that is added again has a gap. A publication of all tables, or of a schema, covers its tables
 * as it is, and only a superuser may own it.
 */
export function publicationSql(
  slice: string,
  tables: readonly TableConfig[],
  owner: string,
  direction: 'forward' | 'reverse' = 'forward',
): string {
  const { publication } = nameStream(slice, direction, '');
  const name = quoteIdentifier(publication);
  const list = ofTables(tables.map(({ from, to }) => (direction === 'forward' ? from : to)));
  const oids = `ARRAY[${list.map((table) => `${quoteLiteral(table)}::regclass`).join(', ')}]`;
  return `DO $$ DECLARE missing regclass; BEGIN${direction === 'reverse' ? unlessUnidentified(oids) : ''}
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

/**
 * PostgreSQL refuses updates and deletes of a published table without a replica identity, those of the stream to the
 * candidate among them: such a table is not published before it has one.
 */
function unlessUnidentified(oids: string): string {
  return `
  SELECT c.oid::regclass INTO missing FROM pg_class AS c WHERE c.oid = ANY(${oids}) AND (c.relreplident = 'n' OR c.relreplident = 'd'
    AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)) LIMIT 1;
  IF FOUND THEN
    RAISE WARNING 'Nothing is published: % has no replica identity. ALTER TABLE % REPLICA IDENTITY FULL; then run this again.', missing, missing;
    RETURN;
  END IF;`;
}
