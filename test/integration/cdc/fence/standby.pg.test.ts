/**
 * A server that fails over: a standby that has replayed the hold keeps it, one that lags has the fence of before, and lets
 * writers pass (docs/architecture/cutover.md says what to do about it). Notes of writers are not replicated.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { type EmbeddedCluster, startCluster } from '@ficus/tools';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { createFencedDatabase, type FencedDatabase } from './fenced-database.ts';

const INSERT = `INSERT INTO orders (note) VALUES ('n')`;
let primary: OwnCluster;
let shop: FencedDatabase;
const standbys: EmbeddedCluster[] = [];

beforeAll(async () => {
  primary = await startOwnCluster('fence-standby');
  const ddl = 'CREATE TABLE orders (id serial PRIMARY KEY, note text)';
  shop = await createFencedDatabase(primary.port, ddl, { first: '1 observe' });
});
afterAll(async () => {
  for (const standby of standbys) await standby.stop();
  await primary.remove();
});

/** Cold copies, started as standbys: one that follows, and one that hears no more of the primary. */
async function startStandbys(): Promise<readonly [follows: EmbeddedCluster, lags: EmbeddedCluster]> {
  await primary.stop();
  const dirs = ['follows', 'lags'].map((name) => `${primary.dataDir}-${name}`);
  for (const dir of dirs) {
    execFileSync('cp', ['-a', primary.dataDir, dir]);
    await writeFile(`${dir}/standby.signal`, '');
  }
  await primary.restart();
  const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres`;
  for (const [index, dataDir] of dirs.entries())
    standbys.push(
      await startCluster({
        dataDir,
        settings: { fsync: 'off', ...(index === 0 ? { primary_conninfo: conninfo } : {}) },
      }),
    );
  const [follows, lags] = standbys;
  return [follows!, lags!];
}

async function ask(cluster: EmbeddedCluster, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: cluster.url(new URL(shop.url).pathname.slice(1)) });
  await client.connect();
  return client.query(sql).finally(() => client.end());
}

test('promoted: caught up it refuses, lagging it does not; observing works on both', async () => {
  const [follows, lags] = await startStandbys();
  await expect.poll(() => shop.fence.state().catch(() => undefined)).toEqual({ epoch: 1, mode: 'observe' });
  const result = await shop.turn('1 observe', '2 hold');
  const lsn = result.turned ? result.lsn : '';
  await expect
    .poll(
      async () =>
        (await ask(follows, `SELECT pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn AS replayed`)).rows,
    )
    .toEqual([{ replayed: true }]);
  await primary.stop();
  for (const standby of [follows, lags]) await ask(standby, 'SELECT pg_promote()');
  await expect(ask(follows, INSERT)).rejects.toMatchObject({ code: 'FI001' });
  await ask(lags, INSERT);
  expect((await ask(lags, `SELECT FROM ficus_fence.seen WHERE query LIKE 'INSERT%'`)).rowCount).toBe(1);
  await primary.restart();
}, 120_000);
