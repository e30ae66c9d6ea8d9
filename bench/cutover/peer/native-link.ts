/**
 * PostgreSQL's own logical replication of the slice's tables from one database to another: made, waited for, dropped.
 * One at a time; called by peer.ts.
 */
import type pg from 'pg';
import { until } from '../../stage.ts';
import { SLICE_TABLES } from '../app/slice-tables.ts';

const FIRST_COPY_MS = 120_000;

export interface NativeLink {
  /** Name of publication, subscription and slot. */
  readonly name: string;
  /** Ends it on both sides. */
  drop(): Promise<void>;
}

/** Resolves once the first copy is complete and the stream runs. */
export async function linkDatabases(
  name: string,
  old: pg.Client,
  oldUrl: string,
  next: pg.Client,
): Promise<NativeLink> {
  await old.query(`CREATE PUBLICATION ${name} FOR TABLE ${SLICE_TABLES.join(', ')}`);
  await next.query(`CREATE SUBSCRIPTION ${name} CONNECTION '${oldUrl}' PUBLICATION ${name}`);
  const streams = async () =>
    (await next.query(`SELECT 1 FROM pg_subscription_rel WHERE srsubstate <> 'r'`)).rowCount === 0;
  await until(streams, FIRST_COPY_MS, 'first copy by native replication');
  return {
    name,
    drop: async () => {
      await next.query(`DROP SUBSCRIPTION ${name}`);
      await old.query(`DROP PUBLICATION ${name}`);
    },
  };
}

/** Sets each sequence of the tables behind the highest id, as the recipes do. */
export async function setSequences(next: pg.Client): Promise<void> {
  await next.query(
    `SELECT setval(pg_get_serial_sequence('notifications', 'id'), (SELECT coalesce(max(id), 1) FROM notifications))`,
  );
}
