/** Tables whose rows are written again while one of their columns is altered: only some of that computes values again. */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { released } from '../rig/released.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const COLUMNS = `(id int PRIMARY KEY, n int, usual int DEFAULT 1, found int UNIQUE, positive int CHECK (positive > 0), spare int)`;
const NUMBERS = `CREATE TABLE job ${COLUMNS}`;
const TEXTS = `${NUMBERS}; ALTER TABLE job ADD note text`;
const PARTITIONED = `CREATE TABLE job ${COLUMNS.replace('UNIQUE', '')} PARTITION BY RANGE (id);
  CREATE TABLE job_1 PARTITION OF job FOR VALUES FROM (0) TO (10); CREATE TABLE job_2 PARTITION OF job FOR VALUES FROM (10) TO (20);
  CREATE INDEX ON job (found)`;
const NAMES = ['id', 'n', 'usual', 'found', 'positive'];

async function start(table: string): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO job (id, n, usual, found, positive) VALUES (1, 1, 1, 1, 1)`,
    targetSql: table,
    tables: [{ from: 'job', to: 'job', columns: Object.fromEntries(NAMES.map((name) => [name, name])) }],
  });
  await pair.settle();
  return pair;
}

/** Table, and statements, one by one. */
const HARMLESS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'VACUUM FULL and SET NOT NULL': [TEXTS, 'VACUUM FULL job', 'ALTER TABLE job ALTER n SET NOT NULL'],
  'SET STATISTICS and CLUSTER': [
    TEXTS,
    'ALTER TABLE job ALTER n SET STATISTICS 9',
    'CLUSTER job USING job_pkey',
  ],
  'TRUNCATE and SET DEFAULT in one transaction': [
    TEXTS,
    'BEGIN; TRUNCATE job; ALTER TABLE job ALTER n SET DEFAULT 7; COMMIT',
  ],
  'numbers alone: VACUUM FULL, and another default': [
    NUMBERS,
    'VACUUM FULL job',
    'ALTER TABLE job ALTER found SET NOT NULL',
    'ALTER TABLE job ALTER positive SET DEFAULT 2',
    'ALTER TABLE job ALTER usual SET NOT NULL',
  ],
  'another column is computed again': [
    TEXTS,
    'ALTER TABLE job ALTER spare TYPE bigint, ALTER usual SET NOT NULL, ALTER found SET NOT NULL',
  ],
  'partitions: VACUUM FULL of one, and SET NOT NULL': [
    PARTITIONED,
    'VACUUM FULL job_1',
    'ALTER TABLE job ALTER n SET NOT NULL',
  ],
};

describe.each(['source', 'target'] as const)('on the %s', (side) => {
  test.each(Object.entries(HARMLESS))('harmless: %s', async (_name, [table, ...statements]) => {
    const { replication, settle, verify, ...databases } = await start(table);
    await replication.stop();
    await released(databases.source);
    for (const sql of statements) await databases[side].query(sql);
    // What the target loses here is no matter of the stream: the source loses it, too.
    if (statements.some((sql) => sql.includes('TRUNCATE'))) await databases.source.query('TRUNCATE job');
    await replication.start();
    await databases.source.query('INSERT INTO job (id, n, usual, found, positive) VALUES (2, 2, 2, 2, 2)');
    await settle();
    expect(await verify()).toMatchObject({ verdict: 'match' });
  });
});

test.each(
  Object.entries({ NUMBERS, TEXTS, PARTITIONED }).flatMap(([name, table]) =>
    // A column by which a table is partitioned keeps its type.
    NAMES.filter((column) => table !== PARTITIONED || column !== 'id').map(
      (column) => [column, name, table] as const,
    ),
  ),
)('%s of %s is computed again: it is named, whatever comes with it', async (column, _name, table) => {
  const { source, replication } = await start(table);
  await replication.stop();
  await released(source);
  await source.query(`ALTER TABLE job ALTER ${column} TYPE int USING ${column} + 2`);
  await source.query(`ALTER TABLE job ALTER ${column} SET NOT NULL`);
  await source.query('VACUUM FULL job');
  await replication.start();
  expect(replication.status()).toMatchObject({
    state: 'stopped',
    problem: { message: expect.stringContaining(`Column “${column}” of public.job was altered`) },
  });
});

test('what only looks like it continues when the files are forgotten', async () => {
  const { source, target, replication, settle, verify } = await start(NUMBERS);
  await replication.stop();
  await released(source);
  await source.query('VACUUM FULL job');
  await source.query('ALTER TABLE job ALTER n SET NOT NULL');
  await replication.start();
  expect(replication.status()).toMatchObject({
    state: 'stopped',
    problem: { code: 'FICUS_CDC_SCHEMA_CHANGED' },
  });
  await target.query(`UPDATE ficus.copy_progress SET shape = shape - 'storage' WHERE target = 'public.job'`);
  await source.query('INSERT INTO job (id, n) VALUES (2, 2)');
  await expect.poll(() => replication.status().state).toBe('streaming');
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2, target: 2 } });
});

test('a stream of an older version takes the files and versions that it finds first, and labels by number', async () => {
  const table = `CREATE TYPE color AS ENUM ('red'); ${TEXTS}; ALTER TABLE job ADD paint color`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO job VALUES (1)`,
    targetSql: table,
    tables: [{ from: 'job', to: 'job' }],
  });
  const { source, target, replication, settle, verify } = pair;
  await settle();
  await replication.stop();
  await released(source);
  const facts = async () => {
    const { rows } = await target.query('SELECT shape, source_columns FROM ficus.copy_progress');
    return rows[0];
  };
  const known = await facts();
  await target.query(`UPDATE ficus.copy_progress SET
    shape = jsonb_set(jsonb_set(shape - 'storage',
      '{source}', (SELECT jsonb_object_agg(key, value - 'parts') FROM jsonb_each(shape -> 'source'))),
      '{target}', (SELECT jsonb_object_agg(key, value - '{parts,typeOid,typmod}'::text[]) FROM jsonb_each(shape -> 'target'))),
    source_columns = ARRAY(SELECT jsonb_build_array(c -> 0, c -> 1, c -> 2)::text FROM unnest(source_columns::jsonb[]) AS c)`);
  expect(await facts()).not.toEqual(known);
  await replication.start();
  expect(replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
  await source.query('INSERT INTO job (id) VALUES (2)');
  await settle();
  expect(await facts()).toEqual(known);
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2, target: 2 } });
});
