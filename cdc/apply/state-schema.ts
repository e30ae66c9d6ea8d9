/**
 * The schema `ficus` of a target, version by version: what the stream stores beside the rows. A released version is never
 * edited: a change, also of a function's body, is a new one at the end, and so reaches targets that exist. The first one
 * also takes over what was created before there were versions.
 */
import { FicusError, STREAM_SCHEMA } from '@ficus/core';
import type pg from 'pg';
import { refuseStranger } from '../catalog/refuse-stranger.ts';

const VERSIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ficus.checkpoint (
  stream text PRIMARY KEY,
  epoch bigint NOT NULL,
  lsn pg_lsn NOT NULL,
  slot text NOT NULL,
  system_identifier text NOT NULL,
  timeline integer NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
ALTER TABLE ficus.checkpoint ADD COLUMN IF NOT EXISTS holder text;
CREATE TABLE IF NOT EXISTS ficus.copy_progress (
  stream text NOT NULL REFERENCES ficus.checkpoint ON DELETE CASCADE,
  source text NOT NULL,
  target text NOT NULL,
  source_columns text[] NOT NULL,
  last_key text[],
  rows_copied bigint NOT NULL DEFAULT 0,
  rows_total bigint NOT NULL DEFAULT 0,
  done boolean NOT NULL DEFAULT false,
  PRIMARY KEY (stream, target)
) WITH (fillfactor = 10);
ALTER TABLE ficus.copy_progress ADD COLUMN IF NOT EXISTS copied_at pg_lsn;
ALTER TABLE ficus.copy_progress ADD COLUMN IF NOT EXISTS published_as oid;
ALTER TABLE ficus.copy_progress ADD COLUMN IF NOT EXISTS shape jsonb;
ALTER TABLE ficus.checkpoint ADD COLUMN IF NOT EXISTS left_out_until pg_lsn NOT NULL DEFAULT '0/0';
CREATE OR REPLACE FUNCTION ficus.advance_checkpoint(of_stream text, of_epoch bigint, by_holder text, from_lsn pg_lsn, to_lsn pg_lsn)
RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE ficus.checkpoint SET lsn = to_lsn, applied_at = clock_timestamp()
  WHERE stream = of_stream AND epoch = of_epoch AND holder = by_holder AND lsn = from_lsn AND lsn <= to_lsn;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'stream % is no longer at % in epoch %', of_stream, from_lsn, of_epoch
      USING ERRCODE = 'FC001';
  END IF;
END
$body$;`,
];

/** Held while the state is created or dropped. */
export const STATE_LOCK = 0x66_69_63_75;

const CREATE_MIGRATIONS =
  'CREATE TABLE IF NOT EXISTS ficus.migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())';

/**
 * Its tables, without a row: for an administrator to make first on a native subscriber that would stop at tables it lacks.
 * The first version takes over what is there.
 */
export const STATE_TABLES_SQL = ['CREATE SCHEMA IF NOT EXISTS ficus', CREATE_MIGRATIONS, VERSIONS[0]].join(
  ';\n',
);

/** Drops all of it but the schema, in a block of PL/pgSQL. */
export const DROP_STATE = `DROP TABLE IF EXISTS ficus.copy_progress, ficus.checkpoint, ficus.migration;
  DROP FUNCTION IF EXISTS ficus.advance_checkpoint(text, bigint, text, pg_lsn, pg_lsn);`;

/**
 * Creates or updates the state; safe when several processes do so at once.
 * @throws FicusError FICUS_CDC_STATE_NEWER, FICUS_SCHEMA_NOT_OWN
 */
export async function ensureState(client: pg.ClientBase): Promise<void> {
  if ((await readStateVersion(client)) === VERSIONS.length) return;
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [STATE_LOCK]);
    // IF NOT EXISTS would need the privilege to create one even where an administrator has created it.
    await client.query(`DO $$ BEGIN IF to_regnamespace('ficus') IS NULL THEN CREATE SCHEMA ficus; END IF; END $$;
      ${CREATE_MIGRATIONS}`);
    const present = await readStateVersion(client);
    for (const [index, statements] of VERSIONS.slice(present).entries()) {
      await client.query(statements);
      await client.query('INSERT INTO ficus.migration (version) VALUES ($1)', [present + index + 1]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * 0 before there is any.
 * @throws FicusError FICUS_CDC_STATE_NEWER: this program does not know what the state means; FICUS_SCHEMA_NOT_OWN
 */
export async function readStateVersion(client: pg.ClientBase): Promise<number> {
  await refuseStranger(client, STREAM_SCHEMA);
  const found = await client.query<{ present: boolean }>(
    `SELECT to_regclass('ficus.migration') IS NOT NULL AS present`,
  );
  if (!found.rows[0]?.present) return 0;
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM ficus.migration',
  );
  const version = rows[0]?.version ?? 0;
  if (version <= VERSIONS.length) return version;
  throw new FicusError(
    'FICUS_CDC_STATE_NEWER',
    `The state in schema ficus of the target has version ${version}; this program knows versions up to ${VERSIONS.length}.`,
  );
}
