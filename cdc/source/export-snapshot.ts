/**
 * A snapshot of the source together with its position in the WAL: it shows exactly the transactions that committed
 * before the position. PostgreSQL hands out this pair only when a logical slot is created; the slot is temporary and
 * lasts as long as the connection, which must stay open until the snapshot has been imported.
 */
import { randomBytes } from 'node:crypto';
import { parseLsn } from '@ficus/core';
import pg from 'pg';
import { LIFT_LIMITS } from '../catalog/session-settings.ts';
import { breakOffQuery, endClient } from './end-client.ts';
import { describeNoRoom } from './no-room.ts';
import { connectReplication } from './replication-connection.ts';

interface ExportedSnapshot {
  /** A transaction whose begin message gives a commit position before this one is in the snapshot. */
  readonly lsn: bigint;
  /** For SET TRANSACTION SNAPSHOT. */
  readonly name: string;
  close(): Promise<void>;
}

interface SnapshotPatience {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Like every slot creation, waits for running transactions to end, at most until the timeout. */
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
  await connectReplication(client);
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
    throw describeNoRoom(error);
  } finally {
    signal?.removeEventListener('abort', breakOff);
  }
}
