/**
 * The comparison of both databases: a planted corruption is always found, replication lag is never mistaken for one.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { VerifyOptions } from '../../../../cdc/verify/verify-options.ts';
import type { VerifyProgress } from '../../../../cdc/verify/verify-report.ts';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;

const TABLES = parseConfigTables([
  {
    from: 'notifications',
    to: 'messages',
    rows: "kind <> 'draft'",
    columns: {
      id: 'id',
      recipient: { sql: "'customer:' || customer_id", from: ['customer_id'] },
      channel: 'kind',
      read_at: { sql: "CASE WHEN is_read THEN made + interval '1 hour' END", from: ['is_read', 'made'] },
      amount: 'amount',
      origin: { constant: 'legacy' },
    },
  },
  { from: 'notes', to: 'notes', columns: { slug: { sql: 'lower(slug)', from: ['slug'] }, body: 'body' } },
  { from: 'log', to: 'log' },
]);

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE TYPE kind AS ENUM ('order', 'promo', 'draft');
    CREATE TABLE notifications (id bigserial PRIMARY KEY, customer_id int NOT NULL, kind kind NOT NULL,
      is_read boolean NOT NULL, made timestamptz NOT NULL, amount numeric);
    CREATE TABLE notes (slug text PRIMARY KEY, body text);
    CREATE TABLE log (id bigint PRIMARY KEY, at timestamptz, line text); ALTER TABLE log REPLICA IDENTITY FULL;`);
  await pair.target.query(`
    CREATE TYPE channel AS ENUM ('promo', 'order');
    CREATE TABLE messages (id bigint PRIMARY KEY, recipient text NOT NULL, channel channel NOT NULL,
      read_at timestamptz, amount numeric(12,2), origin text NOT NULL);
    CREATE TABLE notes (slug text PRIMARY KEY, body text);
    CREATE TABLE log (id bigint PRIMARY KEY, at timestamptz, line text);`);
});
afterAll(() => pair.drop());

// The result of a correct copy, made by hand: the verifier is tested without the engine.
const MESSAGES = `SELECT n, 'customer:' || n % 97, (ARRAY['order', 'promo'])[n % 2 + 1]::channel,
    CASE WHEN n % 3 = 0 THEN timestamptz '2026-01-01 00:00:00.123456+00' + n * interval '1 minute' + interval '1 hour' END,
    n / 7.0, 'legacy' FROM generate_series(1, 3000) AS n`;

beforeEach(async () => {
  await pair.source.query(`
    TRUNCATE notifications, notes, log;
    INSERT INTO notifications SELECT n, n % 97, (ARRAY['order', 'promo'])[n % 2 + 1]::kind, n % 3 = 0,
      timestamptz '2026-01-01 00:00:00.123456+00' + n * interval '1 minute', n / 7.0 FROM generate_series(1, 3000) AS n;
    INSERT INTO notifications SELECT n, 1, 'draft', false, now(), 0 FROM generate_series(5001, 5050) AS n;
    INSERT INTO notes SELECT 'Slug-' || n, repeat('x', n) FROM generate_series(1, 500) AS n;
    INSERT INTO log SELECT n, NULLIF(timestamptz '2026-01-01 00:00+00', CASE WHEN n % 5 = 0 THEN timestamptz '2026-01-01 00:00+00' END), 'line ' || n / 2
      FROM generate_series(1, 200) AS n;
    ANALYZE;`);
  await pair.target.query(`
    TRUNCATE messages, notes, log;
    INSERT INTO messages ${MESSAGES};
    INSERT INTO notes SELECT 'slug-' || n, repeat('x', n) FROM generate_series(1, 500) AS n;
    INSERT INTO log SELECT n, NULLIF(timestamptz '2026-01-01 00:00+00', CASE WHEN n % 5 = 0 THEN timestamptz '2026-01-01 00:00+00' END), 'line ' || n / 2
      FROM generate_series(1, 200) AS n;
    ANALYZE;`);
});

function verify(options: Partial<VerifyOptions> = {}) {
  const { sourceUrl, targetUrl } = pair;
  return verifySlice({
    slice: 'shop',
    tables: TABLES,
    sourceUrl,
    targetUrl,
    mode: 'full',
    settings: { rangeRows: 700 },
    ...options,
  });
}

describe('full', () => {
  test('equal databases match, and what was compared is counted', async () => {
    const report = await verify();
    expect(report.differences).toEqual([]);
    expect(report).toMatchObject({
      verdict: 'match',
      reason: undefined,
      rowsCompared: { source: 3700, target: 3700 },
      tables: [
        { to: 'public.messages', rowsSource: 3000, rowsTarget: 3000, equal: 3000, complete: true },
        { to: 'public.notes', equal: 500, complete: true },
        { to: 'public.log', equal: 200, complete: true },
      ],
    });
    expect(report.rowsPerSecond).toBeGreaterThan(0);
  });

  test.each([
    [
      'a changed value',
      "UPDATE messages SET origin = 'legacY' WHERE id = 1999",
      'different',
      { id: '1999' },
      ['origin'],
    ],
    [
      'a lost microsecond',
      "UPDATE messages SET read_at = date_trunc('milliseconds', read_at) WHERE id = 3",
      'different',
      { id: '3' },
      ['read_at'],
    ],
    [
      'null for a value',
      'UPDATE messages SET amount = NULL WHERE id = 3000',
      'different',
      { id: '3000' },
      ['amount'],
    ],
    [
      'a value for null',
      "UPDATE messages SET read_at = 'infinity' WHERE id = 1",
      'different',
      { id: '1' },
      ['read_at'],
    ],
    [
      'another label',
      "UPDATE messages SET channel = 'promo' WHERE id = 2",
      'different',
      { id: '2' },
      ['channel'],
    ],
    ['a lost row', 'DELETE FROM messages WHERE id = 1', 'missing', { id: '1' }, []],
    [
      'a row too many',
      "INSERT INTO messages VALUES (99999999, 'x', 'promo', NULL, 1, 'legacy')",
      'extra',
      { id: '99999999' },
      [],
    ],
    [
      'a row before the first',
      "INSERT INTO messages VALUES (-5, 'x', 'promo', NULL, 1, 'legacy')",
      'extra',
      { id: '-5' },
      [],
    ],
    [
      'a row that the condition leaves out',
      "INSERT INTO messages VALUES (5001, 'customer:1', 'promo', NULL, 0, 'legacy')",
      'extra',
      { id: '5001' },
      [],
    ],
    [
      'a changed value under a mapped key',
      "UPDATE notes SET body = body || ' ' WHERE slug = 'slug-77'",
      'different',
      { slug: 'slug-77' },
      ['body'],
    ],
  ] as const)('finds %s', async (_name, corruption, kind, key, columns) => {
    await pair.target.query(corruption);
    const report = await verify();
    expect(report.verdict).toBe('mismatch');
    expect(report.differences).toHaveLength(1);
    const [difference] = report.differences;
    expect(difference?.kind).toBe(kind);
    expect(difference?.key).toEqual(key);
    expect(difference?.columns.map((column) => column.name)).toEqual(columns);
  });

  test('values exchanged between two rows are found', async () => {
    await pair.target.query(`UPDATE notes SET body = CASE slug WHEN 'slug-3' THEN repeat('x', 4) ELSE repeat('x', 3) END
      WHERE slug IN ('slug-3', 'slug-4')`);
    const report = await verify();
    expect(report.tables[1]).toMatchObject({ different: 2, equal: 498 });
  });

  test('an empty target is all missing, listed up to the bound', async () => {
    await pair.target.query('TRUNCATE messages');
    const report = await verify({ settings: { rangeRows: 700, maxListed: 10 } });
    expect(report.tables[0]).toMatchObject({ missing: 3000, equal: 0, complete: true });
    expect(report.differences).toHaveLength(10);
    expect(report.differencesNotListed).toBe(2990);
  });

  test('the comparison of a hopeless table stops, and the report says so', async () => {
    await pair.target.query('TRUNCATE messages');
    const report = await verify({ settings: { rangeRows: 700, maxSuspects: 500 } });
    expect(report.verdict).toBe('mismatch');
    expect(report.tables[0]).toMatchObject({ missing: 500, complete: false });
  });

  test('an interrupted run continues where it stopped', async () => {
    await pair.target.query('DELETE FROM messages WHERE id IN (10, 2990)');
    const abort = new AbortController();
    const seen: VerifyProgress[] = [];
    const first = await verify({
      signal: abort.signal,
      onProgress: (progress) => {
        seen.push(progress);
        if (seen.length === 2) abort.abort();
      },
    });
    expect(first.tables[0]).toMatchObject({ rowsSource: 1400, missing: 1, complete: false });
    expect(first.resume?.current?.after).toBeDefined();
    const second = await verify({ resume: JSON.parse(JSON.stringify(first.resume)) });
    expect(second.tables[0]).toMatchObject({ rowsSource: 3000, missing: 2, complete: true });
    expect(second.differences.map((difference) => difference.key.id)).toEqual(['10', '2990']);
    expect(second.verdict).toBe('mismatch');
  });
});

describe('while the source keeps changing', () => {
  test('a row that the stream brings later is lag, not a difference', async () => {
    await pair.source.query(
      'UPDATE notifications SET amount = 1000 WHERE id = 40; DELETE FROM notifications WHERE id = 41',
    );
    let asked = 0;
    const report = await verify({
      // The stream, played by hand: committed changes arrive between the first read and the second.
      waitForApplied: async () => {
        asked += 1;
        if (asked === 2)
          await pair.target.query(
            'UPDATE messages SET amount = 1000 WHERE id = 40; DELETE FROM messages WHERE id = 41',
          );
        return true;
      },
    });
    expect(report.verdict).toBe('match');
    expect(report.tables[0]).toMatchObject({ lag: 2, missing: 0, extra: 0, different: 0 });
  });

  test('a row that keeps changing is not reported as different', async () => {
    await pair.target.query('UPDATE messages SET amount = -1 WHERE id = 40');
    const report = await verify({
      waitForApplied: async () => {
        await pair.source.query('UPDATE notifications SET amount = amount + 1 WHERE id = 40');
        return true;
      },
    });
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      tables: [{ unsettled: 1, different: 0 }, {}, {}],
    });
  });

  test('a stream that cannot catch up makes the report inconclusive, never a match', async () => {
    const report = await verify({ waitForApplied: async () => false });
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('has not applied'),
    });
  });
});

describe('chosen rows', () => {
  test('given keys are compared and no others', async () => {
    await pair.target.query(
      "UPDATE messages SET origin = 'x' WHERE id IN (5, 6); DELETE FROM messages WHERE id = 7",
    );
    const report = await verify({
      mode: { keys: { 'public.messages': [{ id: '5' }, { id: '7' }, { id: '8' }] } },
    });
    expect(report.differences.map(({ kind, key }) => [kind, key.id])).toEqual([
      ['different', '5'],
      ['missing', '7'],
    ]);
    expect(report.tables[0]).toMatchObject({ equal: 1, rowsSource: 3, rowsTarget: 2 });
  });

  test('a sample finds that half of the rows are broken', async () => {
    await pair.target.query("UPDATE messages SET origin = 'x' WHERE id % 2 = 0");
    const report = await verify({ mode: { sample: 300 } });
    expect(report.verdict).toBe('mismatch');
    expect(report.tables[0]?.different).toBeGreaterThan(10);
    expect(report.tables[0]?.equal).toBeGreaterThan(10);
  });
});
