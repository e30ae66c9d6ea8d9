/** The slots and publications of a database that are named like a stream's, whichever installation made them. */
import { connectTo } from '../engine/connect-to.ts';
import { endClient, withinTime } from '../source/end-client.ts';
import { isStreamSlotSql } from '../source/stream-names.ts';

export interface StreamSlot {
  readonly name: string;
  /** A process reads it. */
  readonly active: boolean;
  /** WAL that the server keeps for it. */
  readonly retainedBytes: number;
}

export interface SourceStreams {
  readonly slots: readonly StreamSlot[];
  readonly publications: readonly string[];
}

const ANSWER_MS = 5_000;

/** Read-only. @throws when the database cannot be reached */
export async function readSourceStreams(sourceUrl: string): Promise<SourceStreams> {
  const client = await connectTo(sourceUrl, 'ficus', ANSWER_MS);
  try {
    return await withinTime(client, ANSWER_MS, async () => {
      // A slot without restart_lsn is lost, and retains nothing.
      const slots = await client.query<StreamSlot>(
        `SELECT slot_name::text AS name, active, coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
                  THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)::float8 AS "retainedBytes"
           FROM pg_replication_slots
          WHERE database = current_database() AND NOT temporary AND ${isStreamSlotSql('slot_name')}
          ORDER BY slot_name`,
      );
      const publications = await client.query<{ name: string }>(
        `SELECT pubname::text AS name FROM pg_publication WHERE pubname LIKE 'ficus\\_%' ORDER BY pubname`,
      );
      return { slots: slots.rows, publications: publications.rows.map(({ name }) => name) };
    });
  } finally {
    await endClient(client);
  }
}
