/** A mapping by TypeScript module is compared row by row: the result of forward() with what the target holds. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE TABLE orders (id int PRIMARY KEY, state text NOT NULL, items jsonb);
    INSERT INTO orders SELECT n, (ARRAY['paid', 'open', 'draft'])[n % 3 + 1], jsonb_build_array('a' || n, 'b')
      FROM generate_series(1, 12000) AS n;`);
  await pair.target.query(`
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE TABLE order_summary (number text PRIMARY KEY, mood mood, lines text, seen int DEFAULT 0);
    INSERT INTO order_summary SELECT 'A-' || n, CASE n % 3 WHEN 0 THEN 'glad' ELSE 'sad' END::mood, 'a' || n || E'\\nb'
      FROM generate_series(1, 12000) AS n WHERE n % 3 < 2;`);
});
afterAll(() => pair.drop());

const tables = parseConfigTables([{ from: 'orders', to: 'order_summary', module: './order-summary.ts' }]);

function verify(mode: Parameters<typeof verifySlice>[0]['mode'] = 'full') {
  const { sourceUrl, targetUrl } = pair;
  return verifySlice({ slice: 'orders', tables, sourceUrl, targetUrl, mode, baseDir: import.meta.dirname });
}

test('finds nothing, then a wrong value, a missing row and an extra one', async () => {
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 8000, target: 8000 } });
  await pair.target.query(`
    UPDATE order_summary SET mood = 'sad' WHERE number = 'A-3';
    DELETE FROM order_summary WHERE number = 'A-6';
    INSERT INTO order_summary VALUES ('A-2', 'sad', 'x');`);
  const report = await verify();
  expect(report.differences.map(({ kind, key, columns }) => [key.number, kind, columns]).sort()).toEqual([
    ['A-2', 'extra', []],
    ['A-3', 'different', [{ name: 'mood', expected: 'glad', found: 'sad' }]],
    ['A-6', 'missing', []],
  ]);
  expect(report.tables[0]).toMatchObject({ equal: 7998, complete: true });
});

test('a sample and given keys', async () => {
  expect((await verify({ sample: 50 })).rowsCompared.source).toBeGreaterThanOrEqual(50);
  const report = await verify({ keys: { 'public.order_summary': [{ number: 'A-3' }, { number: 'A-4' }] } });
  expect(report.tables[0]).toMatchObject({ rowsSource: 2, different: 1, equal: 1 });
});
