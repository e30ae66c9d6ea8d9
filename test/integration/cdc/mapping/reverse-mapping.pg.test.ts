/** The way back: a reversed mapping is an ordinary mapping, and the candidate's writes reach the legacy through it. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readCatalog } from '../../../../cdc/catalog/read-catalog.ts';
import { compileMapping, mappedTables } from '../../../../cdc/mapping/compile-mapping.ts';
import { reverseMapping } from '../../../../cdc/mapping/reverse-mapping.ts';
import { openReplication } from '../../../../cdc/open-replication.ts';
import { failTheRun } from '../../../parts/fail-the-run.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;

const TABLES = parseConfigTables([
  {
    from: 'notifications',
    to: 'messages',
    columns: {
      id: 'id',
      topic: {
        sql: "replace(kind, '_', '.')",
        from: ['kind'],
        reverse: { kind: "replace(topic, '.', '_')" },
      },
      read_at: {
        sql: 'CASE WHEN is_read THEN read_date END',
        from: ['is_read', 'read_date'],
        reverse: { is_read: 'read_at IS NOT NULL', read_date: 'read_at' },
      },
      origin: { constant: 'monolith' },
    },
  },
  { from: 'notifications', to: 'index_of_messages', columns: { id: 'id' } },
  { from: 'counted', to: 'counted', columns: { id: 'id', twice: { sql: 'n * 2', from: ['n'] } } },
]);

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE TYPE kind AS ENUM ('order_paid', 'order_sent');
    CREATE TABLE notifications (id bigserial PRIMARY KEY, kind kind NOT NULL, is_read boolean NOT NULL,
      read_date timestamptz, attempts int NOT NULL DEFAULT 0);
    CREATE TABLE counted (id int PRIMARY KEY, n int NOT NULL);
    INSERT INTO notifications (kind, is_read, read_date, attempts) VALUES ('order_paid', true, '2026-01-01 00:00+00', 3);`);
  await pair.target.query(`
    CREATE TYPE topic AS ENUM ('order.paid', 'order.sent');
    CREATE TABLE messages (id bigint PRIMARY KEY, topic topic NOT NULL, read_at timestamptz, origin text NOT NULL);
    CREATE TABLE index_of_messages (id bigint PRIMARY KEY);
    CREATE TABLE counted (id int PRIMARY KEY, twice int);
    INSERT INTO messages VALUES (1, 'order.paid', '2026-01-01 00:00+00', 'monolith');`);
});
afterAll(() => pair.drop());

test('is reversed and streamed, and names what has no way back', async () => {
  const names = mappedTables(TABLES);
  const source = await readCatalog(pair.source, names.source);
  const target = await readCatalog(pair.target, names.target);
  const forward = compileMapping({ tables: TABLES, source, target });
  expect(forward.problems).toEqual([]);
  const back = reverseMapping(TABLES, forward.plans, { source, target });
  expect(back.irreversible.map(({ path, reasons }) => [path[1], reasons])).toEqual([
    [1, expect.arrayContaining(['“kind” of the source must not be null and is not mapped'])],
    [2, ['“n” goes into an expression without reverse']],
  ]);
  expect(compileMapping({ tables: back.tables, source: target, target: source }).problems).toEqual([]);

  const replication = openReplication({
    onFault: failTheRun,
    slice: 'back',
    direction: 'reverse',
    tables: TABLES,
    sourceUrl: pair.targetUrl,
    targetUrl: pair.sourceUrl,
  });
  try {
    await replication.start();
    await expect.poll(() => replication.copied()).toBe(true);
    await pair.target.query(`
      UPDATE messages SET read_at = NULL WHERE id = 1;
      INSERT INTO messages VALUES (2, 'order.sent', '2026-02-02 00:00:00.000001+00', 'candidate');`);
    const position = await replication.currentPosition();
    expect(await replication.waitForPosition(position, 20_000), JSON.stringify(replication.status())).toBe(
      true,
    );
    const { rows } = await pair.source.query(
      'SELECT id::int, kind, is_read, read_date::text, attempts FROM notifications ORDER BY id',
    );
    expect(rows).toEqual([
      { id: 1, kind: 'order_paid', is_read: false, read_date: null, attempts: 3 },
      {
        id: 2,
        kind: 'order_sent',
        is_read: true,
        read_date: expect.stringContaining('.000001'),
        attempts: 0,
      },
    ]);
  } finally {
    await replication.drop();
  }
});
