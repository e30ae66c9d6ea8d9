/** The slots and publications of a database that are named like a stream's, whichever installation made them. */
import { connectTo } from '../engine/connect-to.ts';
import { CURSOR_PREFIX } from '../source/catch-up.ts';
import { endClient, withinTime } from '../source/end-client.ts';
import { dropSlot, RETAINED_BYTES } from '../source/slot.ts';
import { isStreamSlotSql } from '../source/stream-names.ts';

export interface StreamSlot {
  readonly name: string;
  /** A process reads it. */
  readonly active: boolean;
  /** WAL that the server keeps for it. */
  readonly retainedBytes: number;
  /** WAL that its reader has not acknowledged yet; null for a lost slot. */
  readonly behindBytes?: number | null;
  /** PostgreSQL's term: `reserved`, `extended`, `unreserved`, `lost`. */
  readonly walStatus: string;
  /**
   * Another one as soon as its reader lets the server keep less, or has read on. Acknowledging alone is neither: behind an
   * old transaction of the source a healthy stream acknowledges each second, and the WAL is kept all the same.
   */
  readonly position: string;
}

export interface SourceStreams {
  /** The server's own bound, max_slot_wal_keep_size: `-1`, `50GB`. */
  readonly serverBound: string;
  readonly slots: readonly StreamSlot[];
  readonly publications: readonly string[];
}

const ANSWER_MS = 5_000;

/** Read-only. @throws when the database cannot be reached */
export async function readSourceStreams(sourceUrl: string): Promise<SourceStreams> {
  const client = await connectTo(sourceUrl, 'ficus', ANSWER_MS);
  try {
    return await withinTime(client, ANSWER_MS, async () => {
      // A slot without restart_lsn is lost, and retains nothing. A stream that catches up reads a temporary copy of it.
      const slots = await client.query<StreamSlot>(
        `SELECT slot_name::text AS name, active OR cursor_at IS NOT NULL AS active,
                coalesce(${RETAINED_BYTES}, 0)::float8 AS "retainedBytes",
                pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
                                confirmed_flush_lsn)::float8 AS "behindBytes", coalesce(wal_status, 'lost') AS "walStatus",
                concat_ws(' ', restart_lsn, cursor_at) AS position
           FROM pg_replication_slots AS slot CROSS JOIN LATERAL (
             SELECT max(confirmed_flush_lsn) AS cursor_at FROM pg_replication_slots AS copied
              WHERE copied.temporary AND starts_with(copied.slot_name, left(slot.slot_name, ${CURSOR_PREFIX}) || '_')) AS reader
          WHERE database = current_database() AND NOT temporary AND ${isStreamSlotSql('slot_name')}
          ORDER BY slot_name`,
      );
      const publications = await client.query<{ name: string }>(
        `SELECT pubname::text AS name FROM pg_publication WHERE pubname LIKE 'ficus\\_%' ORDER BY pubname`,
      );
      const bound = await client.query<{ bound: string }>(
        `SELECT current_setting('max_slot_wal_keep_size') AS bound`,
      );
      return {
        serverBound: bound.rows[0]?.bound ?? '-1',
        slots: slots.rows,
        publications: publications.rows.map(({ name }) => name),
      };
    });
  } finally {
    await endClient(client);
  }
}

/**
 * Drops a slot, even while it is read, as long as it keeps more WAL than this: meanwhile its reader may have caught up, or
 * another slot may have its name.
 * @returns whether it was dropped
 * @throws when it cannot be dropped
 */
export async function dropSourceSlot(sourceUrl: string, slot: string, beyondBytes: number): Promise<boolean> {
  const client = await connectTo(sourceUrl, 'ficus', ANSWER_MS);
  try {
    return await dropSlot(client, slot, beyondBytes);
  } finally {
    await endClient(client);
  }
}
