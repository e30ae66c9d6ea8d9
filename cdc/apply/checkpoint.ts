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

/** SQLSTATE raised when another process has moved the checkpoint. */
export const FENCED = 'FC001';

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

/** Moves the stream to a higher epoch, durably. False when the target has seen an even higher one. */
export async function raiseEpoch(client: pg.ClientBase, stream: string, epoch: number): Promise<boolean> {
  await client.query('BEGIN; SET LOCAL synchronous_commit = on');
  const { rowCount } = await client.query(
    'UPDATE ficus.checkpoint SET epoch = $2 WHERE stream = $1 AND epoch <= $2',
    [stream, epoch],
  );
  await client.query('COMMIT');
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
  /** Raised between two transactions while the session runs (`raiseStatement`). */
  readonly epoch: number;
  /** The checkpoint's holder, according to this process. */
  readonly holder: string;
}

/** The place of a session, which alone raises its epoch; its parts see it as it is. */
export type SessionPlace = StreamPlace & { epoch: number };

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
export async function lockCheckpoint(client: pg.ClientBase, place: StreamPlace): Promise<void> {
  const { stream, epoch, holder } = place;
  const owned = await client.query(
    'SELECT FROM ficus.checkpoint WHERE stream = $1 AND epoch = $2 AND holder = $3 FOR SHARE',
    [stream, epoch, holder],
  );
  if (owned.rowCount !== 1) throw fencedError(place);
}

/**
 * Moves the stream to a higher epoch within a session: a process of an older epoch commits nothing after it. Changes no
 * row when the stream is someone else's (`fencedError`).
 */
export function raiseStatement({ stream, epoch, holder }: StreamPlace, to: number): Statement {
  return {
    text: 'UPDATE ficus.checkpoint SET epoch = $4 WHERE stream = $1 AND epoch = $2 AND holder = $3',
    values: [stream, epoch, holder, to],
  };
}

export function fencedError({ stream, epoch }: StreamPlace): Error {
  const message = `this process no longer owns stream ${stream} in epoch ${epoch}`;
  return Object.assign(new Error(message), { code: FENCED });
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
