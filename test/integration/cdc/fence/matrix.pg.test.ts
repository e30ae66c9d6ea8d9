/**
 * A fence in hold refuses every kind of statement, whatever the isolation level, the age of the snapshot, the role, and the
 * replication role; and not one row changes. A session's old transactions live on in savepoints, so that each kind meets
 * snapshots from before the triggers, from before the hold, and prepared plans.
 */
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnCluster, startOwnCluster } from '../rig/own-cluster.ts';
import { createFencedDatabase, type FencedDatabase } from './fenced-database.ts';
import { FENCED, KINDS_DDL, STATEMENT_KINDS, type StatementKind } from './statement-kinds.ts';

const LEVELS = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const;
const AGES = ['before the triggers', 'before the hold', 'fresh', 'fresh, prepared plan'] as const;

interface Session {
  readonly name: string;
  readonly level: string;
  readonly age: (typeof AGES)[number];
  readonly replica: boolean;
  readonly client: pg.Client;
}

// Its own cluster: a new slot waits for the transactions that stay open here.
let cluster: OwnCluster;
let shop: FencedDatabase;
const sessions: Session[] = [];

beforeAll(async () => {
  cluster = await startOwnCluster('matrix');
  shop = await createFencedDatabase(cluster.port, KINDS_DDL, { tables: FENCED, first: null });
  await shop.admin.query(`GRANT SET ON PARAMETER session_replication_role TO ${shop.writerRole}`);
  await open('before the triggers');
  await shop.fence.install({ epoch: 1, mode: 'armed' });
  await open('before the hold');
  await open('fresh, prepared plan');
  await shop.turn('1 armed', '2 hold');
  await open('fresh');
}, 120_000);
afterAll(async () => {
  await shop?.drop();
  await cluster?.remove();
});

async function open(age: Session['age']): Promise<void> {
  for (const level of LEVELS)
    for (const role of [shop.writerRole, 'postgres'])
      for (const replica of [false, true]) {
        const client = await shop.connect(role);
        await client.query(
          `SET session_replication_role = ${replica ? 'replica' : 'origin'}; SET plan_cache_mode = force_generic_plan`,
        );
        const name = `${level}, snapshot ${age}, ${role === 'postgres' ? 'superuser' : 'plain role'}, ${replica ? 'replica' : 'origin'}`;
        sessions.push({ name, level, age, replica, client });
        if (age === 'fresh, prepared plan') await prepareAll(client);
        // The snapshot of another table: a lock on a fenced one would keep TRUNCATE waiting.
        else if (age !== 'fresh')
          await client.query(`BEGIN ISOLATION LEVEL ${level}; SELECT FROM pg_class LIMIT 1`);
      }
}

/** Planned and executed once, while the fence lets it pass. */
async function prepareAll(client: pg.Client): Promise<void> {
  for (const [index, { sql, prepares }] of STATEMENT_KINDS.entries())
    if (prepares)
      await client.query(`PREPARE kind_${index} AS ${sql}; BEGIN; EXECUTE kind_${index}; ROLLBACK`);
}

const contents = async () =>
  (
    await shop.admin.query(
      `SELECT (SELECT array_agg(o.*::text ORDER BY id) FROM orders AS o) AS orders, (SELECT array_agg(e.*::text ORDER BY id) FROM events AS e) AS events`,
    )
  ).rows[0];

/** Undefined when all is well. */
async function tryKind(session: Session, kind: StatementKind, sql: string): Promise<string | undefined> {
  const { client, level, age, replica } = session;
  await client.query(age.startsWith('fresh') ? `BEGIN ISOLATION LEVEL ${level}; SAVEPOINT s` : 'SAVEPOINT s');
  const answer = await client.query(sql).then(
    () => 'passed',
    (error: { code: string }) => error.code,
  );
  await client.query(age.startsWith('fresh') ? 'ROLLBACK' : 'ROLLBACK TO s');
  const wanted = (replica && kind.stopsUnderReplica) || kind.swallows ? 'passed' : 'FI001';
  return answer === wanted ? undefined : `${session.name}: ${answer}`;
}

test.each(STATEMENT_KINDS.map((kind, index) => ({ ...kind, index })))('$name', async ({ index, ...kind }) => {
  const before = await contents();
  const wrong: (string | undefined)[] = [];
  const met = sessions.filter(({ age }) => kind.prepares || age !== 'fresh, prepared plan');
  for (const session of met)
    wrong.push(
      await tryKind(
        session,
        kind,
        session.age === 'fresh, prepared plan' ? `EXECUTE kind_${index}` : kind.sql,
      ),
    );
  expect(met.length).toBeGreaterThanOrEqual(36);
  expect(wrong.filter((line) => line !== undefined)).toEqual([]);
  // In a transaction of its own: what passes by a swallowed error, or stops before the fence, has written nothing there.
  if (kind.swallows) await shop.admin.query(kind.sql);
  else if (!kind.stopsUnderReplica)
    await expect(shop.admin.query(kind.sql)).rejects.toMatchObject({ code: 'FI001' });
  expect(await contents()).toEqual(before);
});

test('without the hold each of them passes: the matrix can fail', async () => {
  const client = await shop.connect();
  await shop.turn('2 hold', '2 armed');
  const refused: string[] = [];
  for (const { name, sql } of STATEMENT_KINDS) {
    const error = await client.query(`BEGIN; ${sql}; ROLLBACK`).then(
      () => '',
      ({ message }) => message,
    );
    await client.query('ROLLBACK');
    if (error !== '' && !error.includes('No source stream')) refused.push(`${name}: ${error}`);
  }
  expect(refused).toEqual([]);
});

test('a deferred trigger’s write is refused at COMMIT, and at PREPARE TRANSACTION’s check before it', async () => {
  await shop.turn('2 armed', '3 hold');
  const client = await shop.connect(shop.writerRole);
  await client.query('BEGIN; INSERT INTO deferred VALUES (1)');
  await expect(client.query('COMMIT')).rejects.toMatchObject({ code: 'FI001' });
  expect((await client.query('SELECT FROM deferred')).rowCount).toBe(0);
});

test('reads, row locks and writes to other tables do not wait', async () => {
  const client = await shop.connect(shop.writerRole);
  await client.query(
    'SET statement_timeout = 1000; SELECT FROM orders FOR UPDATE; INSERT INTO customers VALUES (77)',
  );
  await client.query('ANALYZE orders');
});
