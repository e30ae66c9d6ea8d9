/**
 * A publication of ours must not break the source: PostgreSQL refuses UPDATE and DELETE of a published table whose old
 * rows it could not send, even when no stream runs. What counts as refused is what the server itself refuses.
 */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { findRefusedTables, protectSource } from '../../../../cdc/source/protect-source.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

const PUBLICATION = 'ficus_orders';

describe('the server’s own refusal', () => {
  let pair: DatabasePair;
  beforeEach(async () => {
    pair = await createDatabasePair(inject('postgresPort'));
  });
  afterEach(() => pair.drop());

  const TABLE = 'CREATE TABLE stock (id int PRIMARY KEY, n int NOT NULL, note text);';
  const WITH_SUM =
    'CREATE TABLE stock (id int PRIMARY KEY, n int NOT NULL, twice int NOT NULL GENERATED ALWAYS AS (n * 2) STORED);';
  const PUBLISH = `CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock WITH (publish_via_partition_root)`;
  const PARTS =
    'CREATE TABLE stock (id int NOT NULL, n int NOT NULL) PARTITION BY RANGE (id); CREATE TABLE stock_1 PARTITION OF stock DEFAULT;';
  const cases: Readonly<Record<string, string>> = {
    'a primary key': `${TABLE} ${PUBLISH}`,
    FULL: `${TABLE} ALTER TABLE stock REPLICA IDENTITY FULL; ${PUBLISH}`,
    'no key': `CREATE TABLE stock (id int, n int); ${PUBLISH}`,
    'a key that was dropped': `${TABLE} ${PUBLISH}; ALTER TABLE stock DROP CONSTRAINT stock_pkey`,
    'a deferrable key': `CREATE TABLE stock (id int PRIMARY KEY DEFERRABLE, n int); ${PUBLISH}`,
    NOTHING: `${TABLE} ${PUBLISH}; ALTER TABLE stock REPLICA IDENTITY NOTHING`,
    'an index': `${TABLE} CREATE UNIQUE INDEX by_n ON stock (n); ALTER TABLE stock REPLICA IDENTITY USING INDEX by_n; ${PUBLISH}`,
    'an index that was dropped': `${TABLE} CREATE UNIQUE INDEX by_n ON stock (n); ALTER TABLE stock REPLICA IDENTITY USING INDEX by_n; ${PUBLISH}; DROP INDEX by_n`,
    'an index that became invalid': `${TABLE} CREATE UNIQUE INDEX by_n ON stock (n); ALTER TABLE stock REPLICA IDENTITY USING INDEX by_n; ${PUBLISH}; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_n'::regclass`,
    'FULL with a generated column': `${WITH_SUM} ALTER TABLE stock REPLICA IDENTITY FULL; ${PUBLISH}`,
    'an index on a generated column': `${WITH_SUM} CREATE UNIQUE INDEX by_twice ON stock (id, twice); ALTER TABLE stock REPLICA IDENTITY USING INDEX by_twice; ${PUBLISH}`,
    'an index that only includes a generated column': `${WITH_SUM} CREATE UNIQUE INDEX by_n ON stock (n) INCLUDE (twice); ALTER TABLE stock REPLICA IDENTITY USING INDEX by_n; ${PUBLISH}`,
    'a generated column beside the key': `${WITH_SUM} ${PUBLISH}`,
    'inserts alone': `CREATE TABLE stock (id int, n int); CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock WITH (publish = 'insert')`,
    'a column list with the key': `${TABLE} CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock (id, n)`,
    'a column list without the key': `${TABLE} CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock (n)`,
    'a column list under FULL': `${TABLE} ALTER TABLE stock REPLICA IDENTITY FULL; CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock (id, n, note)`,
    'a row filter on the key': `${TABLE} CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock WHERE (id > 0)`,
    'a row filter beside the key': `${TABLE} CREATE PUBLICATION ${PUBLICATION} FOR TABLE stock WHERE (id > 0 AND n > 0)`,
    'a partition without a key': `${PARTS} ${PUBLISH}`,
    'a partition with FULL': `${PARTS} ALTER TABLE stock_1 REPLICA IDENTITY FULL; ${PUBLISH}`,
    'FULL on the partitioned table alone': `${PARTS} ALTER TABLE stock REPLICA IDENTITY FULL; ${PUBLISH}`,
    'all tables': `CREATE TABLE stock (id int, n int); CREATE PUBLICATION ${PUBLICATION} FOR ALL TABLES`,
    'a schema': `CREATE TABLE stock (id int, n int); CREATE PUBLICATION ${PUBLICATION} FOR TABLES IN SCHEMA public`,
  };

  test.each(Object.entries(cases))('%s', async (_name, sql) => {
    const { source } = pair;
    await source.query(sql);
    await source.query('INSERT INTO stock (id, n) VALUES (1, 1)');
    const update = () =>
      source.query('UPDATE stock SET n = n + 1').then(
        () => 'done',
        (error: Error) => error.message,
      );
    const mapped = ['public.stock'];
    const says = await update();
    const found = await findRefusedTables(source, PUBLICATION, mapped);
    expect(found.length > 0, `${says} ${JSON.stringify(found)}`).toBe(says !== 'done');

    const undone = await protectSource(source, PUBLICATION, mapped);
    expect(undone?.code).toBe(says === 'done' ? undefined : 'FICUS_CDC_SOURCE_PROTECTED');
    expect(await update()).toBe('done');
    expect((await source.query('DELETE FROM stock')).rowCount).toBe(1);
  });

  test('what others publish, and tables that no mapping names, are theirs', async () => {
    const { source } = pair;
    await source.query(`CREATE TABLE log (line text); CREATE PUBLICATION theirs FOR TABLE log;
      ${TABLE} CREATE PUBLICATION ${PUBLICATION} FOR ALL TABLES`);
    expect(await findRefusedTables(source, PUBLICATION, ['public.stock'])).toEqual([]);
  });

  test('a role that may not alter the publication prints what to run', async () => {
    const { source } = pair;
    await source.query(`CREATE TABLE stock (id int, n int); ${PUBLISH}`);
    await source.query(
      `DO $$ BEGIN CREATE ROLE ficus_bystander; EXCEPTION WHEN duplicate_object THEN NULL; END $$; SET ROLE ficus_bystander`,
    );
    const undone = await protectSource(source, PUBLICATION, []);
    await source.query('RESET ROLE');
    const printed = /run on the source: (.*;)/.exec(undone?.message ?? '')?.[1];
    await source.query(printed ?? '');
    expect(await findRefusedTables(source, PUBLICATION, [])).toEqual([]);
  });
});

describe('beside a stream', () => {
  let pair: StreamedPair | undefined;
  afterEach(async () => {
    await pair?.drop();
    pair = undefined;
  });

  const TABLE = 'CREATE TABLE bin (id int PRIMARY KEY, n int);';
  const SUM = 'ALTER TABLE bin ADD COLUMN twice int GENERATED ALWAYS AS (n * 2) STORED;';

  function start(sourceSql: string): Promise<StreamedPair> {
    return startStreamedPair(inject('postgresPort'), {
      sourceSql,
      targetSql: TABLE,
      tables: [{ from: 'bin', to: 'bin', columns: { id: 'id', n: 'n' } }],
      slice: 'orders',
      options: { settings: { slotCheckMs: 50, retryMs: 50 } },
    });
  }

  const breaks: Readonly<Record<string, string>> = {
    'NOTHING becomes the identity': 'ALTER TABLE bin REPLICA IDENTITY NOTHING',
    'the key is dropped': 'ALTER TABLE bin DROP CONSTRAINT bin_pkey',
    'FULL holds no generated column, until one is added': `ALTER TABLE bin REPLICA IDENTITY FULL; ${SUM}`,
  };

  test.each(Object.entries(breaks))(
    '%s: the source writes again, the stream says why',
    async (_name, sql) => {
      pair = await start(`${TABLE} INSERT INTO bin VALUES (1, 1), (2, 2)`);
      const { source, replication } = pair;
      await pair.settle();
      const codes = new Set<string | undefined>();
      replication.subscribe((status) => codes.add(status.problem?.code));
      await source.query(sql);
      if (sql.includes('GENERATED') && !(await refusesGenerated(pair))) {
        expect((await source.query('UPDATE bin SET n = 5 WHERE id = 1')).rowCount).toBe(1);
        return;
      }
      await expect
        .poll(() => source.query('UPDATE bin SET n = 5 WHERE id = 1').catch(() => 'refused'))
        .not.toBe('refused');
      await expect.poll(() => replication.status().state).toBe('stopped');
      expect(codes).toContain('FICUS_CDC_SOURCE_PROTECTED');
      await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_REPLICA_IDENTITY');
      await source.query('DELETE FROM bin WHERE id = 2');

      await source.query(`ALTER TABLE bin DROP CONSTRAINT IF EXISTS bin_pkey; ALTER TABLE bin ADD PRIMARY KEY (id);
      ALTER TABLE bin REPLICA IDENTITY DEFAULT`);
      await expect.poll(() => replication.status().problem?.code).toBe('FICUS_CDC_PUBLICATION_GAP');
      await replication.drop({ emptyTarget: true });
      await replication.start();
      await pair.settle();
      expect(await pair.verify()).toMatchObject({ verdict: 'match' });
    },
  );

  test('harm done while no stream ran is undone at the start', async () => {
    pair = await start(`${TABLE} INSERT INTO bin VALUES (1, 1)`);
    const { source, replication } = pair;
    await pair.settle();
    await replication.stop();
    await source.query('ALTER TABLE bin REPLICA IDENTITY NOTHING');
    await replication.start();
    expect((await source.query('UPDATE bin SET n = 9')).rowCount).toBe(1);
  });

  test('a generated column under FULL is refused before it is published, where the server refuses it', async () => {
    pair = await start(TABLE);
    const refuses = await refusesGenerated(pair);
    for (const kind of refuses ? ['STORED', 'VIRTUAL'] : ['STORED']) {
      await pair.drop();
      pair =
        await start(`CREATE TABLE bin (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) ${kind});
          ALTER TABLE bin REPLICA IDENTITY FULL; INSERT INTO bin (id, n) VALUES (1, 1)`);
      const { state, problem } = pair.replication.status();
      expect([state === 'stopped', problem?.code]).toEqual([
        refuses,
        refuses ? 'FICUS_CDC_REPLICA_IDENTITY' : undefined,
      ]);
      expect((await pair.source.query('UPDATE bin SET n = 2')).rowCount).toBe(1);
    }
  });
});

/** From 18 on PostgreSQL refuses writes of a published table whose replica identity holds a generated column. */
async function refusesGenerated({ source }: StreamedPair): Promise<boolean> {
  const { rows } = await source.query(
    "SELECT current_setting('server_version_num')::int >= 180000 AS refuses",
  );
  return rows[0].refuses as boolean;
}
