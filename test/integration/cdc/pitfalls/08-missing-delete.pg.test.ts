/**
 * Pitfall 8: a DELETE of a row that the target does not have is counted. It does not stop the stream, because the
 * target is already right; but with one writer it cannot happen, so the status must show it.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

test.each([
  ['set-wise', ''],
  ['in order', '; CREATE UNIQUE INDEX ON item (place)'],
])('deletes of rows that another writer removed from the target are counted, %s', async (_, index) => {
  const table = `CREATE TABLE item (id int PRIMARY KEY, place int)${index}`;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT i, i FROM generate_series(1, 10) i`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item' }],
  });
  const { source, target, replication } = pair;
  await pair.settle();
  await source.query('DELETE FROM item WHERE id < 3');
  await pair.settle();
  expect(replication.status().missingDeletes).toBe(0);
  await target.query('DELETE FROM item WHERE id IN (4, 5)');
  await source.query('DELETE FROM item WHERE id BETWEEN 4 AND 7');
  await pair.settle();
  expect(replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 2, problem: undefined });
  expect(await pair.verify()).toMatchObject({ verdict: 'match', differences: [] });
});

test('rows that a condition keeps off the target do not count as missing', async () => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY, place int)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT i, i FROM generate_series(1, 10) i`,
    targetSql: table,
    tables: [{ from: 'item', to: 'item', rows: 'place > 5' }],
  });
  await pair.settle();
  expect(await heldRows(pair)).toBe(5);
  await pair.source.query('DELETE FROM item');
  await pair.settle();
  expect(await heldRows(pair)).toBe(0);
  expect(pair.replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
});

test.each([
  { of: 'keeps', when: 'BEFORE DELETE', body: 'RETURN NULL;', copied: 10, left: 10 },
  {
    of: 'refused',
    when: 'BEFORE INSERT',
    body: 'IF NEW.place > 5 THEN RETURN NULL; END IF; RETURN NEW;',
    copied: 5,
    left: 0,
  },
])('rows that a trigger of the target $of are not missed', async ({ when, body, copied, left }) => {
  const table = 'CREATE TABLE item (id int PRIMARY KEY, place int)';
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT i, i FROM generate_series(1, 10) i`,
    targetSql: `${table};
      CREATE FUNCTION own_rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
      CREATE TRIGGER own_rule ${when} ON item FOR EACH ROW EXECUTE FUNCTION own_rule();
      ALTER TABLE item ENABLE ALWAYS TRIGGER own_rule`,
    tables: [{ from: 'item', to: 'item', mayLeaveOut: true }],
  });
  await pair.settle();
  expect(await heldRows(pair)).toBe(copied);
  await pair.source.query('DELETE FROM item');
  await pair.settle();
  expect(await heldRows(pair)).toBe(left);
  expect(pair.replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
});

const heldRows = async ({ target }: StreamedPair): Promise<number | null> =>
  (await target.query('SELECT FROM item')).rowCount;
