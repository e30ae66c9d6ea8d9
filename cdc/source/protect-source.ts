/**
 * Keeps a publication of ours from breaking the source. PostgreSQL refuses every UPDATE and DELETE of a published table
 * that has no replica identity, or one that the publication does not send completely, and does so whether or not a
 * stream runs. The source's own writes come first: the publication then sends no updates and deletes any more.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import { quoteIdentifier, splitQualified } from '../catalog/quote.ts';
import { REPLICA_IDENTITY } from '../catalog/replica-identity-sql.ts';

interface RefusedTable {
  readonly table: string;
  readonly why: string;
}

/**
 * Stops the publication from sending updates and deletes when PostgreSQL refuses them to the source for its sake.
 * @param tables `schema.table` of the mapping; of a publication of all tables, only these are looked at
 * @returns what was found and done; undefined when the source can write
 */
export async function protectSource(
  client: pg.ClientBase | pg.Pool,
  publication: string,
  tables: readonly string[],
): Promise<FicusError | undefined> {
  const [refused, ...more] = await findRefusedTables(client, publication, tables);
  if (!refused) return undefined;
  const undo = `ALTER PUBLICATION ${quoteIdentifier(publication)} SET (publish = 'insert, truncate')`;
  const done = await client.query(undo).then(
    () =>
      `The stream has made publication “${publication}” send no more of them: the source can write again.`,
    (error: Error) => `The stream cannot change that (${error.message}); run on the source: ${undo};`,
  );
  const others = more.length > 0 ? `, and of ${more.map(({ table }) => table).join(', ')}` : '';
  return new FicusError(
    'FICUS_CDC_SOURCE_PROTECTED',
    `PostgreSQL refuses the source’s own UPDATE and DELETE of ${refused.table}${others}: ${refused.why}. ${done}`,
    { details: { tables: [refused, ...more].map(({ table }) => table) } },
  );
}

/**
 * Tables and partitions that the publication keeps from being updated (PostgreSQL's CheckCmdReplicaIdentity). Reads
 * catalogs alone: pg_get_publication_tables and pg_partition_tree lock tables, and would wait for their VACUUM FULL.
 */
export async function findRefusedTables(
  client: pg.ClientBase | pg.Pool,
  publication: string,
  tables: readonly string[],
): Promise<RefusedTable[]> {
  const mapped = tables.map(splitQualified);
  const { rows } = await client.query<RefusedTable>({
    name: 'ficus_refused',
    text: `WITH RECURSIVE root AS (
         SELECT r.prpubid AS publication, r.prrelid AS oid FROM pg_publication_rel r
           JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = $1
         UNION
         SELECT p.oid, c.oid FROM unnest($2::text[], $3::text[]) AS mapped(schema, name)
           JOIN pg_namespace n ON n.nspname = mapped.schema
           JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = mapped.name
           JOIN pg_publication p ON p.pubname = $1
            AND (p.puballtables OR EXISTS (SELECT FROM pg_publication_namespace WHERE pnpubid = p.oid))
       ), member AS (
         SELECT publication, oid FROM root
         UNION
         SELECT m.publication, part.oid FROM member m
           JOIN pg_inherits i ON i.inhparent = m.oid JOIN pg_class part ON part.oid = i.inhrelid AND part.relispartition
       )
     SELECT DISTINCT n.nspname || '.' || l.relname AS table,
            CASE WHEN NOT identity."isFull" AND identity.columns = '{}' THEN 'it has no replica identity'
                 WHEN unsent.columns <> '{}'
                 THEN format('its replica identity has the generated column “%s”, which is not sent', unsent.columns[1])
                 WHEN NOT (listed.columns IS NULL OR (NOT identity."isFull" AND identity.columns <@ listed.columns))
                 THEN 'the column list of the publication leaves out a part of its replica identity'
                 WHEN NOT (filter.columns IS NULL OR identity."isFull" OR filter.columns <@ identity.columns)
                 THEN 'the row filter of the publication reads columns beside its replica identity'
            END AS why
       FROM pg_publication p
       JOIN member ON member.publication = p.oid
       JOIN pg_class l ON l.oid = member.oid AND l.relkind = 'r' AND l.relpersistence = 'p'
       JOIN pg_namespace n ON n.oid = l.relnamespace
      CROSS JOIN LATERAL (
        SELECT array_agg(oid) AS oids FROM (SELECT l.oid UNION SELECT relid FROM pg_partition_ancestors(l.oid)) AS up(oid)) AS line
       LEFT JOIN LATERAL (
         SELECT r.* FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = ANY(line.oids) LIMIT 1) AS r ON true
      CROSS JOIN ${REPLICA_IDENTITY}
      CROSS JOIN LATERAL (
        SELECT CASE WHEN current_setting('server_version_num')::int < 180000 THEN '{}'
                    WHEN to_jsonb(p) ->> 'pubgencols' = 's' THEN identity.virtual ELSE identity.generated END AS columns) AS unsent
      CROSS JOIN LATERAL (
        SELECT array_agg(a.attname::text) AS columns FROM pg_attribute a
         WHERE a.attrelid = r.prrelid AND a.attnum = ANY(r.prattrs::int2[])) AS listed
      CROSS JOIN LATERAL (
        SELECT array_agg(a.attname::text) AS columns FROM pg_depend d
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE r.prqual IS NOT NULL AND r.prattrs IS NULL AND d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid
           AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0) AS filter
      WHERE p.pubname = $1 AND (p.pubupdate OR p.pubdelete)
        AND (r.oid IS NOT NULL OR p.puballtables OR EXISTS (
              SELECT FROM pg_publication_namespace s JOIN pg_class c ON c.relnamespace = s.pnnspid
               WHERE s.pnpubid = p.oid AND c.oid = ANY(line.oids)))`,
    values: [publication, mapped.map(({ schema }) => schema), mapped.map(({ name }) => name)],
  });
  return rows.filter(({ why }) => why !== null).sort((a, b) => (a.table < b.table ? -1 : 1));
}
