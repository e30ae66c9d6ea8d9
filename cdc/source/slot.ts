/** The replication slot of a stream on its source. */
import type pg from 'pg';

export interface SlotFacts {
  readonly confirmedFlushLsn: string;
  readonly restartLsn: string | undefined;
  readonly active: boolean;
  readonly plugin: string;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string;
  /** Bytes of WAL that may still be written before the slot is at risk; undefined without a limit. */
  readonly safeWalSize: number | undefined;
  readonly invalidationReason: string | undefined;
  readonly retainedBytes: number;
}

const SLOT_IN_USE = '55006';
const NO_SUCH_SLOT = '42704';

export async function readSlot(
  client: pg.ClientBase | pg.Pool,
  name: string,
): Promise<SlotFacts | undefined> {
  // invalidation_reason exists since 17, and `conflicting` before it does not apply: rows as JSON work on both.
  const { rows } = await client.query(
    `SELECT to_jsonb(s) AS slot,
            pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
                            s.restart_lsn)::float8 AS retained
       FROM pg_replication_slots s WHERE slot_name = $1`,
    [name],
  );
  const slot = rows[0]?.slot as Record<string, unknown> | undefined;
  if (!slot) return undefined;
  return {
    confirmedFlushLsn: String(slot.confirmed_flush_lsn ?? '0/0'),
    restartLsn: slot.restart_lsn ? String(slot.restart_lsn) : undefined,
    active: slot.active === true,
    plugin: String(slot.plugin),
    walStatus: String(slot.wal_status ?? 'lost'),
    safeWalSize: slot.safe_wal_size === null ? undefined : Number(slot.safe_wal_size),
    invalidationReason: slot.invalidation_reason ? String(slot.invalidation_reason) : undefined,
    retainedBytes: Number(rows[0]?.retained ?? 0),
  };
}

/** Whether a stream can continue from its slot; otherwise why not, in a sentence. */
export function judgeSlot(
  name: string,
  slot: SlotFacts | undefined,
): { readonly kind: 'usable'; readonly slot: SlotFacts } | { readonly kind: 'lost'; readonly why: string } {
  if (!slot) return { kind: 'lost', why: `The source has no slot “${name}”; it was dropped.` };
  if (slot.walStatus !== 'lost' && !slot.invalidationReason) return { kind: 'usable', slot };
  const reason = slot.invalidationReason ?? 'its WAL was removed';
  return { kind: 'lost', why: `The source has invalidated slot “${name}” (${reason}).` };
}

/** Lets the source discard everything before a position, without a stream that could acknowledge it. */
export async function advanceSlot(pool: pg.Pool, name: string, lsn: string): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    // Over much WAL it takes long, and one that is cancelled has freed nothing: the pool's limit is not for it.
    await client.query('BEGIN; SET LOCAL statement_timeout = 0');
    await client.query(
      'SELECT pg_replication_slot_advance(slot_name, $2) FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn < $2',
      [name, lsn],
    );
    await client.query('COMMIT');
    broken = false;
  } finally {
    client.release(broken);
  }
}

/** In a query on pg_replication_slots: WAL that the server keeps for the slot; null when it is lost. */
export const RETAINED_BYTES = `pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
  ELSE pg_current_wal_lsn() END, restart_lsn)`;

const DROP_PATIENCE_MS = 10_000;

/**
 * Drops the slot if it exists, even while it is read: a reader that reconnects is terminated again. A slot that
 * disappears meanwhile, with its session or dropped by someone else, counts as dropped.
 * @param beyondBytes only while it keeps more than this
 * @returns whether this call dropped it
 * @throws PostgreSQL's error when a reader keeps it beyond the timeout
 */
export async function dropSlot(client: pg.ClientBase, name: string, beyondBytes?: number): Promise<boolean> {
  const deadline = Date.now() + DROP_PATIENCE_MS;
  const values = [name, beyondBytes ?? null];
  const which = `FROM pg_replication_slots WHERE slot_name = $1 AND ($2::numeric IS NULL OR ${RETAINED_BYTES} > $2)`;
  for (;;) {
    await client.query(`SELECT pg_terminate_backend(active_pid) ${which} AND active`, values);
    try {
      const { rowCount } = await client.query(`SELECT pg_drop_replication_slot(slot_name) ${which}`, values);
      return rowCount !== 0;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === NO_SUCH_SLOT) return false;
      // The walsender that was just terminated may need a moment.
      if (code !== SLOT_IN_USE || Date.now() > deadline) throw error;
      await client.query('SELECT pg_sleep(0.05)');
    }
  }
}
