/**
 * Two installations may follow the same monolith, say a rehearsal beside production, with the same slice and the same
 * database name (even the same oid, for a container's first database). Their slots must differ: otherwise the second
 * would take the first one's slot for the remains of its own failed attempt, and drop it.
 */
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import type { Replication } from '../../../../cdc/replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const TABLE = 'CREATE TABLE item (id int PRIMARY KEY)';
const tables = parseConfigTables([{ from: 'item', to: 'item' }]);

let clusters: OwnCluster[] = [];
let opened: Replication[] = [];
let pair: DatabasePair;
beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  clusters = await Promise.all([startOwnCluster('production'), startOwnCluster('rehearsal')]);
});
afterEach(async () => {
  for (const replication of opened) await replication.drop();
  opened = [];
  for (const cluster of clusters) await cluster.remove();
  await pair.drop();
});

/** A database of that name in the cluster, and its oid. */
async function createTarget({ port }: OwnCluster): Promise<{ url: string; oid: string }> {
  const url = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const run = async (database: string, ...statements: string[]) => {
    const client = new pg.Client({ connectionString: url(database) });
    await client.connect();
    try {
      let last: pg.QueryResult | undefined;
      for (const statement of statements) last = await client.query(statement);
      return last?.rows[0] as { oid: string };
    } finally {
      await client.end();
    }
  };
  await run('postgres', 'CREATE DATABASE candidate');
  const { oid } = await run(
    'candidate',
    TABLE,
    'SELECT oid::text FROM pg_database WHERE datname = current_database()',
  );
  return { url: url('candidate'), oid };
}

test('databases of the same name and oid in two clusters have two slots', async () => {
  await pair.source.query(`${TABLE}; INSERT INTO item VALUES (1)`);
  const targets = await Promise.all(clusters.map(createTarget));
  expect(targets[0]?.oid).toBe(targets[1]?.oid);
  for (const { url } of targets) {
    const { sourceUrl } = pair;
    const replication = openReplication({
      onFault: failTheRun,
      slice: 'same',
      tables,
      sourceUrl,
      targetUrl: url,
    });
    opened.push(replication);
    await replication.start();
    await expect.poll(() => replication.status().state).toBe('streaming');
  }
  const slots = await pair.source.query(
    'SELECT FROM pg_replication_slots WHERE database = current_database()',
  );
  expect(slots.rowCount).toBe(2);
  await pair.source.query('INSERT INTO item VALUES (2)');
  for (const replication of opened)
    expect(await replication.waitForPosition(await replication.currentPosition(), 10_000)).toBe(true);
});
