/**
 * What the target stores about a stream, in the schema `ficus`: its position, epoch and source. The checkpoint moves by
 * compare-and-set in the transaction that writes the rows: a process that has an old epoch, is no longer the holder, or
 * expects another position cannot write at all.
 */
import { formatLsn } from '@ficus/core';
import type pg from 'pg';

export interface Checkpoint {
  readonly epoch: number;
  /** End of the last transaction applied, `X/Y`. */
  readonly lsn: string;
  readonly slot: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Before this source position the target may lack rows that a reread did not find, `X/Y`. */
  readonly leftOutUntil: string;
}

const SCHEMA = `
CREATE SCHEMA IF NOT EXISTS ficus;
CREATE TABLE IF NOT EXISTS ficus.checkpoint (
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
$body$;
`;

/** SQLSTATE raised when another process has moved the checkpoint. */
export const FENCED = 'FC001';

/** Held by whoever creates or drops the state. */
export const STATE_LOCK = 0x66_69_63_75;

/** Drops all of it but the schema, in a block of PL/pgSQL. */
export const DROP_STATE = `DROP TABLE IF EXISTS ficus.copy_progress, ficus.checkpoint;
  DROP FUNCTION IF EXISTS ficus.advance_checkpoint(text, bigint, text, pg_lsn, pg_lsn);`;

/** Creates what is missing; safe when several processes do so at once. */
export async function ensureCheckpointTables(client: pg.ClientBase): Promise<void> {
  const found = await client.query(
    `SELECT EXISTS (SELECT FROM pg_attribute
                     WHERE attrelid = to_regclass('ficus.copy_progress') AND attname = 'shape')
        AND to_regprocedure('ficus.advance_checkpoint(text, bigint, text, pg_lsn, pg_lsn)') IS NOT NULL AS present`,
  );
  if (found.rows[0]?.present) return;
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${STATE_LOCK}); ${SCHEMA} COMMIT`);
}

const COLUMNS = `epoch::int, lsn::text, slot, system_identifier AS "systemIdentifier", timeline,
  left_out_until::text AS "leftOutUntil"`;

export async function loadCheckpoint(client: pg.ClientBase, stream: string): Promise<Checkpoint | undefined> {
  const { rows } = await client.query(`SELECT ${COLUMNS} FROM ficus.checkpoint WHERE stream = $1`, [stream]);
  return rows[0] as Checkpoint | undefined;
}

/**
 * Loads the checkpoint and becomes its holder. Waits for a transaction that the previous holder is committing;
 * afterwards that holder can commit nothing, on any of its connections, so the loaded values stay true.
 */
export async function takeCheckpoint(
  client: pg.ClientBase,
  stream: string,
  holder: string,
): Promise<Checkpoint | undefined> {
  const { rows } = await client.query(
    `UPDATE ficus.checkpoint SET holder = $2 WHERE stream = $1 RETURNING ${COLUMNS}`,
    [stream, holder],
  );
  return rows[0] as Checkpoint | undefined;
}

export async function createCheckpoint(
  client: pg.ClientBase,
  stream: string,
  checkpoint: Omit<Checkpoint, 'leftOutUntil'>,
  holder: string,
): Promise<void> {
  await client.query(
    `INSERT INTO ficus.checkpoint (stream, epoch, lsn, slot, system_identifier, timeline, holder)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      stream,
      checkpoint.epoch,
      checkpoint.lsn,
      checkpoint.slot,
      checkpoint.systemIdentifier,
      checkpoint.timeline,
      holder,
    ],
  );
}

/** Moves the stream to a higher epoch. False when the target has seen an even higher one. */
export async function raiseEpoch(client: pg.ClientBase, stream: string, epoch: number): Promise<boolean> {
  const { rowCount } = await client.query(
    'UPDATE ficus.checkpoint SET epoch = $2 WHERE stream = $1 AND epoch <= $2',
    [stream, epoch],
  );
  return rowCount === 1;
}

/** A statement and its values, to be sent with others. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One process's place in a stream: what it must still be for its checkpoint to move. */
export interface StreamPlace {
  readonly stream: string;
  readonly epoch: number;
  /** The checkpoint's holder, according to this process. */
  readonly holder: string;
}

/**
 * Moves the checkpoint, in the transaction that writes the rows; fails with `FENCED` when it is elsewhere or someone
 * else's. With equal positions it moves nothing and only checks that.
 */
export function advanceStatement(place: StreamPlace, from: bigint, to: bigint): Statement {
  return {
    text: 'SELECT ficus.advance_checkpoint($1, $2, $3, $4, $5)',
    values: [place.stream, place.epoch, place.holder, formatLsn(from), formatLsn(to)],
  };
}

/**
 * For a transaction that writes rows and moves no checkpoint. Nobody can move it until that transaction has ended.
 * @throws an error with code `FENCED` when the stream is someone else's
 */
export async function lockCheckpoint(
  client: pg.ClientBase,
  { stream, epoch, holder }: StreamPlace,
): Promise<void> {
  const owned = await client.query(
    'SELECT FROM ficus.checkpoint WHERE stream = $1 AND epoch = $2 AND holder = $3 FOR SHARE',
    [stream, epoch, holder],
  );
  if (owned.rowCount === 1) return;
  const message = `this process no longer owns stream ${stream} in epoch ${epoch}`;
  throw Object.assign(new Error(message), { code: FENCED });
}

/** Stores up to where the target may lack rows that a reread did not find. */
export function leftOutStatement(stream: string, until: bigint): Statement {
  return {
    text: 'UPDATE ficus.checkpoint SET left_out_until = $2 WHERE stream = $1',
    values: [stream, formatLsn(until)],
  };
}

/** Raises the epoch of a stream that another process holds: a process with an older epoch can no longer write. */
export async function fenceOlderEpoch(client: pg.ClientBase, stream: string, epoch: number): Promise<void> {
  const { rows } = await client.query(`SELECT to_regclass('ficus.checkpoint') IS NOT NULL AS present`);
  if (rows[0]?.present)
    await client.query('UPDATE ficus.checkpoint SET epoch = $2 WHERE stream = $1 AND epoch < $2', [
      stream,
      epoch,
    ]);
}

export async function deleteCheckpoint(client: pg.ClientBase, stream: string): Promise<void> {
  await client.query('DELETE FROM ficus.checkpoint WHERE stream = $1', [stream]);
}
