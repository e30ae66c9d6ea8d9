/**
 * How people wait, while PgBouncer is paused, until the new database has everything. Two recipes as they are published,
 * so that the peer is measured at its usual and at its best.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { APP_ROLE } from '../app/slice-tables.ts';

export const RECIPES = ['lag-0', 'lsn'] as const;
export type RecipeName = (typeof RECIPES)[number];

export interface Recipe {
  /** Where it is published. */
  readonly source: string;
  /** What stops writers who pass by PgBouncer, if the recipe has it. */
  refuseWriters(old: pg.Client): Promise<void>;
  /** Resolves once the recipe believes that the subscription has applied everything. */
  waitUntilCaughtUp(old: pg.Client, subscription: string): Promise<void>;
}

const LAG_0_EACH_MS = 200;
const LSN_EACH_MS = 5;
/** A subscription that stands still would pause the clients for ever. */
const GIVE_UP_MS = 30_000;

export const RECIPE: Readonly<Record<RecipeName, Recipe>> = {
  // Compares with what was *sent*, after each sleep: what the sender has not read yet is not in it.
  'lag-0': {
    source: 'pg_easy_replicate, lib/pg_easy_replicate/orchestrate.rb (watch_lag with 0.2 s) and stats.rb',
    // Only the application's role: another one writes on, and then the lag is not 0 for as long as it does.
    refuseWriters: async (old) => {
      await old.query(`ALTER ROLE ${APP_ROLE} SET default_transaction_read_only = on`);
      await old.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
        APP_ROLE,
      ]);
    },
    waitUntilCaughtUp: (old, subscription) =>
      poll(LAG_0_EACH_MS, async () => {
        const { rows } = await old.query<{ caught_up: boolean }>(
          `SELECT write_lsn = sent_lsn AND flush_lsn = sent_lsn AND replay_lsn = sent_lsn AS caught_up
           FROM pg_stat_replication WHERE application_name = $1`,
          [subscription],
        );
        return rows[0]?.caught_up === true;
      }),
  },
  // The position is taken once the old database has no more writers from PgBouncer, and polled as fast as is sensible.
  lsn: {
    source: 'jtc331 on Hacker News (31087197), “wait for replication to be fully caught up”, as a position',
    refuseWriters: async () => undefined,
    waitUntilCaughtUp: async (old, subscription) => {
      const { rows } = await old.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');
      await poll(LSN_EACH_MS, async () => {
        const answer = await old.query(
          'SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND replay_lsn >= $2::pg_lsn',
          [subscription, rows[0]!.lsn],
        );
        return answer.rowCount === 1;
      });
    },
  },
};

async function poll(eachMs: number, isDone: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  do {
    if (performance.now() > deadline) throw new Error(`replication had not caught up after ${GIVE_UP_MS} ms`);
    await delay(eachMs);
  } while (!(await isDone()));
}
