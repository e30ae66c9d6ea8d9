/** Everything that arm looks at on one side. Read-only; needs no privilege beyond connecting, and says what it cannot see. */
import { STREAM_SCHEMA } from '@ficus/core';
import type pg from 'pg';
import { FENCE_SCHEMA } from '../catalog/fence-triggers-sql.ts';
import { nameStream } from '../source/stream-names.ts';
import type { ServerSettings, SideFacts } from './arm-facts.ts';
import { readActingKeys, readOutsideWriters } from './read-outside-writers.ts';
import { readTransactions, readVacuums, TREE } from './read-transactions.ts';

type SideInput = Pick<SideFacts, 'side' | 'path' | 'tables'>;

export async function readSide(client: pg.ClientBase, slice: string, input: SideInput): Promise<SideFacts> {
  const { tables } = input;
  return {
    ...input,
    ...(await readRole(client)),
    transactions: await readTransactions(client, tables),
    writers: await readOutsideWriters(client, tables),
    actingKeys: await readActingKeys(client, tables),
    subscriptions: await readSubscriptions(client, tables),
    eventTriggers: await readEventTriggers(client),
    partitioned: await readPartitioned(client, tables),
    alsoFenced: await readAlsoFenced(client, tables),
    publishAll: await readPublishAll(client),
    dumpers: await readDumpers(client, tables),
    vacuums: await readVacuums(client, tables),
    settings: await readSettings(
      client,
      nameStream(slice, input.side === 'legacy' ? 'forward' : 'reverse', '').publication,
    ),
  };
}

async function readRole(client: pg.ClientBase): Promise<Pick<SideFacts, 'role' | 'seesOthers'>> {
  const { rows } = await client.query<Pick<SideFacts, 'role' | 'seesOthers'>>(
    `SELECT current_user::text AS role, pg_has_role('pg_read_all_stats', 'USAGE') AS "seesOthers"`,
  );
  return rows[0]!;
}

async function readSubscriptions(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<SideFacts['subscriptions']> {
  const { rows } = await client.query(
    `WITH RECURSIVE ${TREE}
     SELECT DISTINCT s.subname::text AS subscription, part.root AS table FROM part
       JOIN pg_subscription_rel r ON r.srrelid = part.oid JOIN pg_subscription s ON s.oid = r.srsubid ORDER BY 1, 2`,
    [tables],
  );
  return rows;
}

/** Those that see the fence's CREATE TRIGGER, or may refuse it. */
async function readEventTriggers(client: pg.ClientBase): Promise<SideFacts['eventTriggers']> {
  const { rows } = await client.query(
    `SELECT evtname::text AS name, evtevent::text AS event FROM pg_event_trigger
      WHERE evtenabled <> 'D' AND evtevent LIKE 'ddl_command%' AND NOT starts_with(evtname, 'ficus')
        AND (evttags IS NULL OR evttags && ARRAY['CREATE TRIGGER', 'ALTER TABLE', 'CREATE FUNCTION', 'CREATE SCHEMA', 'CREATE SEQUENCE', 'CREATE TABLE'])
      ORDER BY 1`,
  );
  return rows;
}

async function readPartitioned(client: pg.ClientBase, tables: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname || '.' || c.relname = ANY($1) AND c.relkind = 'p' ORDER BY 1`,
    [tables],
  );
  return rows.map(({ name }) => name);
}

/** The fence’s trees go up and down (cdc/fence): a statement on a parent writes its children, too. */
async function readAlsoFenced(client: pg.ClientBase, tables: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `WITH RECURSIVE ${TREE}, whole AS (SELECT oid FROM part
       UNION SELECT CASE WHEN i.inhrelid = whole.oid THEN i.inhparent ELSE i.inhrelid END
         FROM whole JOIN pg_inherits i ON whole.oid IN (i.inhrelid, i.inhparent))
     SELECT n.nspname || '.' || c.relname AS name FROM whole JOIN pg_class c ON c.oid = whole.oid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'f') AND c.relpersistence <> 't' AND c.oid NOT IN (SELECT oid FROM part) ORDER BY 1`,
    [tables],
  );
  return rows.map(({ name }) => name);
}

async function readPublishAll(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT pubname::text AS name FROM pg_publication p WHERE to_regclass('${STREAM_SCHEMA}.checkpoint') IS NULL
        AND (puballtables OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = to_regnamespace('${STREAM_SCHEMA}')))
      ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** The tables’ owners, and roles that only read: `pg_dump` fails at the first table that its role may not read. */
async function readDumpers(client: pg.ClientBase, tables: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `WITH own AS (SELECT to_regnamespace(name) AS oid FROM unnest('{${STREAM_SCHEMA},${FENCE_SCHEMA}}'::text[]) AS name),
       each AS (SELECT c.oid, c.relowner, c.relnamespace, n.nspname || '.' || c.relname = ANY($1) AS mapped,
           c.relnamespace IN (SELECT oid FROM own WHERE oid IS NOT NULL) AS ours
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_'))
     SELECT r.rolname::text AS name FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user
        AND NOT pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
        AND EXISTS (SELECT FROM each WHERE mapped)
        AND NOT EXISTS (SELECT FROM each WHERE mapped AND relowner <> r.oid AND has_table_privilege(r.oid, oid, 'INSERT, UPDATE, DELETE'))
        AND NOT EXISTS (SELECT FROM each WHERE NOT ours AND NOT (has_schema_privilege(r.oid, relnamespace, 'USAGE') AND has_table_privilege(r.oid, oid, 'SELECT')))
        AND (EXISTS (SELECT FROM own WHERE oid IS NULL)
          OR EXISTS (SELECT FROM each WHERE ours AND NOT (has_schema_privilege(r.oid, relnamespace, 'USAGE') AND has_table_privilege(r.oid, oid, 'SELECT'))))
      ORDER BY 1`,
    [tables],
  );
  return rows.map(({ name }) => name);
}

/** @param publication of the stream that is read from this side; its slot’s name begins so */
async function readSettings(client: pg.ClientBase, publication: string): Promise<ServerSettings> {
  const { rows } = await client.query<ServerSettings & { idleSlotTimeout: string | null }>(
    `SELECT current_setting('max_prepared_transactions')::int AS "maxPreparedTransactions",
            current_setting('synchronous_standby_names') <> '' AND pg_has_role('pg_read_all_stats', 'USAGE')
              AND NOT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS "lacksStandby",
            current_setting('idle_replication_slot_timeout', true) AS "idleSlotTimeout",
            current_setting('max_slot_wal_keep_size') AS "maxSlotWalKeepSize", current_setting('wal_level') AS "walLevel",
            current_setting('max_replication_slots')::int AS "maxReplicationSlots",
            (SELECT count(*)::int FROM pg_replication_slots) AS "replicationSlots",
            current_setting('max_wal_senders')::int AS "maxWalSenders",
            (SELECT count(*)::int FROM pg_stat_get_wal_senders()) AS "walSenders",
            EXISTS (SELECT FROM pg_replication_slots WHERE database = current_database() AND NOT temporary AND slot_name ~ ('^' || $1 || '_[0-9a-f]{8}$')) AS "hasSlot"`,
    [publication],
  );
  const settings = rows[0]!;
  return { ...settings, idleSlotTimeout: settings.idleSlotTimeout ?? undefined };
}
