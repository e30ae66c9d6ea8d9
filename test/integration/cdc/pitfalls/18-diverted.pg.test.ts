/**
 * Pitfall 18: a rule of the service that writes elsewhere what the stream writes. PostgreSQL then counts the rows of the
 * rule's own statement, if it is of the same kind: the count looks right, and no row has been written.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const KEYED = 'CREATE TABLE item (id int PRIMARY KEY, place int)';
const KEYLESS = 'CREATE TABLE item (id int, place int); ALTER TABLE item REPLICA IDENTITY FULL';
const CHANGES = {
  INSERT: 'INSERT INTO item SELECT i, i FROM generate_series(11, 14) i',
  UPDATE: 'UPDATE item SET place = -1 WHERE id < 5',
  DELETE: 'DELETE FROM item WHERE id < 5',
} as const;
const ELSEWHERE = {
  INSERT: 'INSERT INTO own VALUES (NEW.id)',
  UPDATE: 'UPDATE own SET id = id WHERE id = OLD.id',
  DELETE: 'DELETE FROM own WHERE id = OLD.id',
} as const;

const begin = async (table: string, own: string, rows?: string) => {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item SELECT i, 1 FROM generate_series(1, 10) i`,
    targetSql: `${table}; CREATE TABLE own (id int); INSERT INTO own SELECT generate_series(1, 10)`,
    tables: [{ from: 'item', to: 'item', ...(rows && { rows }) }],
    options: { settings: { retryMs: 50, slotCheckMs: 50 } },
  });
  await pair.settle();
  await pair.replication.stop();
  await pair.target.query(own);
  await pair.replication.start();
  await expect.poll(() => pair!.replication.status().state).toBe('streaming');
  return pair;
};

const rule = (on: keyof typeof CHANGES, instead: string) =>
  `CREATE RULE own_rule AS ON ${on} TO item DO ${instead}; ALTER TABLE item ENABLE ALWAYS RULE own_rule`;
const problemOf = () => pair?.replication.status().problem?.code;

test.each(
  [
    ['with a key', KEYED, undefined],
    ['without a key', KEYLESS, undefined],
    ['with a condition', KEYED, 'id > 0 AND place < 99'],
  ].flatMap(([of, table, rows]) =>
    (['INSERT', 'UPDATE', 'DELETE'] as const).map((on) => ({ of: of!, table: table!, rows, on })),
  ),
)('$on of a table $of', async ({ table, rows, on }) => {
  // Without a key an UPDATE deletes and inserts.
  const fires = on === 'UPDATE' && table === KEYLESS ? 'INSERT' : on;
  const { source, target, replication, settle, verify } = await begin(
    table,
    rule(fires, `INSTEAD ${ELSEWHERE[fires]}`),
    rows,
  );
  await source.query(CHANGES[on]);
  await expect
    .poll(() => replication.status())
    .toMatchObject({ state: 'stopped', problem: { code: expect.stringMatching(/LEFT_OUT|APPLY_FAILED/) } });
  await target.query('DROP RULE own_rule ON item');
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test.each([
  ['INSERT', KEYED],
  ['UPDATE', KEYED],
  ['DELETE', KEYED],
  ['INSERT', KEYLESS],
  ['DELETE', KEYLESS],
] as const)('what a rule does besides the %s does not count: %s', async (on, table) => {
  const { source, settle, verify, replication } = await begin(table, rule(on, `ALSO ${ELSEWHERE[on]}`));
  for (const change of Object.values(CHANGES)) await source.query(change);
  await settle();
  expect(replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('a rule for some rows: an update of a row without a key that is not there is no row that was kept', async () => {
  const { source, target } = await begin(
    KEYLESS,
    rule('DELETE', 'INSTEAD NOTHING').replace('TO item DO', 'TO item WHERE OLD.id = 9 DO'),
  );
  await target.query(
    'ALTER TABLE item DISABLE RULE own_rule; DELETE FROM item WHERE id = 3; ALTER TABLE item ENABLE ALWAYS RULE own_rule',
  );
  await source.query('UPDATE item SET place = 7 WHERE id = 3');
  await expect.poll(problemOf).toBe('FICUS_CDC_CONFLICT');
  await target.query('INSERT INTO item VALUES (3, 1)');
  await expect.poll(problemOf).toBe(undefined);
  await source.query('UPDATE item SET place = 7 WHERE id = 9');
  await expect.poll(problemOf).toBe('FICUS_CDC_LEFT_OUT');
});
