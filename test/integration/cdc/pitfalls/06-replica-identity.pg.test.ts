/**
 * Pitfall 6: a primary key, a non-null unique index or FULL identifies rows; NOTHING is refused (cdc-preflight). Rows
 * under FULL are compared NULL-safely: `a = NULL` finds nothing, and a lost delete shows only months later.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const CHANGES = `
  INSERT INTO t VALUES (4, NULL, 'new'), (5, 'five', NULL);
  UPDATE t SET b = NULL WHERE id = 1;
  UPDATE t SET a = 'now', b = 'both' WHERE id = 2;
  DELETE FROM t WHERE id = 3;
  UPDATE t SET id = 10 WHERE id = 1;`;

const ROWS = `INSERT INTO t VALUES (1, NULL, 'x'), (2, NULL, NULL), (3, 'three', NULL)`;

test('a unique index chosen as identity', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE t (id int NOT NULL, a text, b text); CREATE UNIQUE INDEX t_id ON t (id);
      ALTER TABLE t REPLICA IDENTITY USING INDEX t_id; ${ROWS}`,
    targetSql: 'CREATE TABLE t (id int PRIMARY KEY, a text, b text)',
    tables: [{ from: 't', to: 't' }],
  });
  await pair.settle();
  await pair.source.query(CHANGES);
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 4, target: 4 } });
});

test('FULL with a primary key only on the target', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE t (id int NOT NULL, a text, b text); CREATE UNIQUE INDEX t_id ON t (id);
      ALTER TABLE t REPLICA IDENTITY FULL; ${ROWS}`,
    targetSql: 'CREATE TABLE t (id int PRIMARY KEY, a text, b text)',
    tables: [{ from: 't', to: 't' }],
  });
  await pair.settle();
  await pair.source.query(CHANGES);
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 4, target: 4 } });
});

test('FULL without any key on the source, and one on the target', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE t (id int, a text, b text); ALTER TABLE t REPLICA IDENTITY FULL; ${ROWS}`,
    targetSql: 'CREATE TABLE t (id int PRIMARY KEY, a text, b text)',
    tables: [{ from: 't', to: 't' }],
  });
  await pair.settle();
  await pair.source.query(CHANGES);
  // Away and back again, within one batch.
  await pair.source.query(
    `BEGIN; UPDATE t SET a = 'x' WHERE id = 2; UPDATE t SET a = 'now' WHERE id = 2; COMMIT`,
  );
  await pair.settle();
  expect(await pair.verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 4, target: 4 } });
  expect(pair.replication.status().missingDeletes).toBe(0);
});

test('a key that exists only on the source is refused', async () => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `CREATE TABLE t (id int PRIMARY KEY, a text, b text); ${ROWS}`,
    targetSql: 'CREATE TABLE t (a text, b text)',
    tables: [{ from: 't', to: 't' }],
  });
  expect(pair.replication.status()).toMatchObject({
    state: 'stopped',
    problem: {
      code: 'FICUS_CDC_MAPPING_INVALID',
      message: expect.stringContaining('has neither a primary key nor'),
    },
  });
});
