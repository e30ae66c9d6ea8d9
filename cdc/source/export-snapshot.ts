/**
 * A snapshot of the source together with the position in its WAL at which it was taken: every transaction whose commit
 * lies before the position is visible, and no other. PostgreSQL gives this pair only to the maker of a logical slot; the
 * slot is temporary and goes with the connection, which must stay until the snapshot has been imported.
 */
import { randomBytes } from 'node:crypto';
import { parseLsn } from '@ficus/core';
import pg from 'pg';
import { LIFT_LIMITS } from '../catalog/session-settings.ts';
import { breakOffQuery, endClient } from './end-client.ts';

export interface ExportedSnapshot {
  /** The begin message of a transaction says where its commit lies: before this it is in the snapshot. */
  readonly lsn: bigint;
  /** For SET TRANSACTION SNAPSHOT. */
  readonly name: string;
  close(): Promise<void>;
}

export interface SnapshotPatience {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Waits, like the making of any slot, until the transactions that are running now have ended, or patience has. */
export async function exportSnapshot(
  url: string,
  applicationName: string,
  { timeoutMs, signal }: SnapshotPatience = {},
): Promise<ExportedSnapshot> {
  const client = new pg.Client({
    connectionString: url,
    replication: 'database',
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
  } as pg.ClientConfig);
  client.on('error', () => undefined);
  await client.connect();
  const breakOff = () => void breakOffQuery(client, url).then(() => endClient(client));
  signal?.addEventListener('abort', breakOff);
  try {
    await client.query(LIFT_LIMITS);
    signal?.throwIfAborted();
    const slot = `ficus_snapshot_${randomBytes(8).toString('hex')}`;
    const { rows } = await client.query({
      text: `CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')`,
      ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
    } as pg.QueryConfig);
    return {
      lsn: parseLsn(rows[0].consistent_point),
      name: rows[0].snapshot_name as string,
      close: () => endClient(client),
    };
  } catch (error) {
    await breakOffQuery(client, url);
    await endClient(client);
    throw error;
  } finally {
    signal?.removeEventListener('abort', breakOff);
  }
}
