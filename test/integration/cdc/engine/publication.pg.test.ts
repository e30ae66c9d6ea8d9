/**
 * The owner of a publication may alter it, and PostgreSQL silently omits tables that it does not name: the stream would
 * continue, healthy, and the target would lack rows. A stream never resumes over such a gap.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { dropSlot } from '../../../../cdc/source/slot.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { released } from '../rig/released.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const TABLES = 'CREATE TABLE t (id int PRIMARY KEY, a text); CREATE TABLE o (id int PRIMARY KEY)';
const BACK = 'ALTER PUBLICATION ficus_facts ADD TABLE t';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

async function start(beforehand = ''): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLES}; INSERT INTO t VALUES (1, 'one'); ${beforehand}`,
    targetSql: TABLES,
    tables: [
      { from: 't', to: 't' },
      { from: 'o', to: 'o' },
    ],
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

describe('altered by its owner', () => {
  const cases: { name: string; sql: string; says: string }[] = [
    { name: 'dropped', sql: 'DROP PUBLICATION ficus_facts', says: 'was dropped or no longer names public.t' },
    { name: 'without a table', sql: 'ALTER PUBLICATION ficus_facts DROP TABLE t', says: 'no longer names' },
    {
      name: 'without updates',
      sql: "ALTER PUBLICATION ficus_facts SET (publish = 'insert, delete, truncate')",
      says: 'does not send UPDATE',
    },
    {
      name: 'with a row filter',
      sql: 'ALTER PUBLICATION ficus_facts SET TABLE o, t WHERE (id > 10)',
      says: 'public.t',
    },
    {
      name: 'taken out and added again',
      sql: `ALTER PUBLICATION ficus_facts DROP TABLE t; ${BACK}`,
      says: 'added again',
    },
  ];

  test.each(cases)('$name, while the stream runs', async ({ sql, says }) => {
    const { source, replication } = await start();
    await source.query(sql);
    await expect.poll(() => replication.status().problem?.message).toContain(says);
    expect(replication.status()).toMatchObject({
      state: 'stopped',
      problem: { code: 'FICUS_CDC_PUBLICATION_GAP' },
    });
  });

  test.each(cases)('$name, while the stream was stopped', async ({ sql, says }) => {
    const { source, replication } = await start();
    await replication.stop();
    await released(source);
    await source.query(sql);
    await replication.start();
    expect(replication.status()).toMatchObject({
      state: 'stopped',
      problem: { code: 'FICUS_CDC_PUBLICATION_GAP', message: expect.stringContaining(says) },
    });
  });
});

test('a new copy fixes it', async () => {
  const { source, replication, settle, verify } = await start();
  await source.query('ALTER PUBLICATION ficus_facts DROP TABLE t');
  await source.query("INSERT INTO t VALUES (2, 'two')");
  await source.query(BACK);
  await expect.poll(() => replication.status().state).toBe('stopped');
  await replication.drop({ emptyTarget: true });
  await replication.start();
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('an owner who gives it away and takes it back makes no gap', async () => {
  const { source, target, replication, settle, verify } = await start();
  await source.query(
    `DO $$ BEGIN CREATE ROLE ficus_caretaker SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  );
  const owner = async () =>
    (await target.query(`SELECT shape #>> '{published,owner}' AS owner FROM ficus.copy_progress`)).rows[0]
      .owner;
  for (const role of ['ficus_caretaker', 'postgres']) {
    const before = await owner();
    await source.query(`ALTER PUBLICATION ficus_facts OWNER TO ${role}`);
    await expect.poll(owner).not.toBe(before);
  }
  await source.query(`INSERT INTO t VALUES (2, 'two')`);
  await settle();
  expect(replication.status().problem).toBe(undefined);
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2 } });
});

test('a publication created beforehand that lacks tables is completed before anything is copied', async () => {
  const { source, settle, verify } = await start(
    "CREATE PUBLICATION ficus_facts FOR TABLE o, t (id) WITH (publish = 'insert')",
  );
  await source.query("UPDATE t SET a = 'changed'");
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('a publication of all tables is used unchanged', async () => {
  const { source, settle, verify } = await start('CREATE PUBLICATION ficus_facts FOR ALL TABLES');
  await source.query("UPDATE t SET a = 'changed'");
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('a publication that only its owner can complete is reported', async () => {
  const role = 'ficus_unprivileged';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${TABLES}; CREATE PUBLICATION ficus_facts FOR TABLE o;
      DO $$ BEGIN CREATE ROLE ${role} LOGIN REPLICATION; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
      GRANT SELECT ON t, o TO ${role}`,
    targetSql: TABLES,
    tables: [{ from: 't', to: 't' }],
    sourceRole: role,
  });
  expect(pair.replication.status()).toMatchObject({
    state: 'stopped',
    problem: {
      code: 'FICUS_CDC_PRIVILEGE',
      message: expect.stringMatching(
        /^Publication .* must send all of public\.t, .*must be owner of publication/,
      ),
    },
  });
});

test('a stream’s own slot belongs to no other stream, even with a name from elsewhere', async () => {
  const { source, target, replication, sourceUrl, targetUrl } = await start();
  await replication.stop();
  await released(source);
  // As after a move of the target to another cluster: the checkpoint has the slot's old name.
  const { rows } = await target.query('SELECT slot FROM ficus.checkpoint');
  await source.query(`SELECT pg_copy_logical_replication_slot($1, 'ficus_facts_0000beef')`, [rows[0].slot]);
  await dropSlot(source, rows[0].slot);
  await target.query(`UPDATE ficus.checkpoint SET slot = 'ficus_facts_0000beef'`);
  const tables = parseConfigTables([{ from: 't', to: 't' }]);
  const narrower = openReplication({ onFault: failTheRun, slice: 'facts', tables, sourceUrl, targetUrl });
  await narrower.start();
  expect(narrower.status()).toMatchObject({ state: 'streaming' });
  const named = await source.query('SELECT tablename FROM pg_publication_tables');
  await narrower.stop();
  expect(named.rows).toEqual([{ tablename: 't' }]);
});
