/**
 * Every fault on the target is found, wherever it is: corruptions of each class at random places of tables of each
 * kind, several at once, and the report names exactly these rows and no other. Replay a failure with the seed it
 * prints.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { verifySlice } from '../../../../cdc/verify/verify-slice.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

const ROWS = 130;
/** Ranges and chunks end within these; the last is not full. */
const RANGE = 40;

let pair: DatabasePair;

const TABLES = parseConfigTables([
  { from: 'item', to: 'item', rows: 'id <= 1000' },
  { from: 'word', to: 'word' },
  { from: 'part', to: 'part' },
  { from: 'line', to: 'line' },
]);

const SCHEMA = `
  CREATE TABLE item (id bigint PRIMARY KEY, a text, n numeric);
  CREATE TABLE word (word text PRIMARY KEY, a text, n numeric);
  CREATE TABLE part (whole int, part uuid, a text, n numeric, PRIMARY KEY (whole, part));
  CREATE TABLE line (id int, a text, n numeric);`;

/** Rows as both sides have them; a third of the values are null. `line` has each row twice. */
const FILL = `
  INSERT INTO item SELECT i, CASE WHEN i % 3 > 0 THEN 'a' || i END, i / 3.0 FROM generate_series(1, ${ROWS}) i;
  INSERT INTO word SELECT 'w' || i, CASE WHEN i % 3 > 0 THEN 'a' || i END, i / 3.0 FROM generate_series(1, ${ROWS}) i;
  INSERT INTO part SELECT i / 10, md5(i::text)::uuid, CASE WHEN i % 3 > 0 THEN 'a' || i END, i / 3.0 FROM generate_series(1, ${ROWS}) i;
  INSERT INTO line SELECT i / 2, CASE WHEN i % 5 > 0 THEN 'a' || i / 2 END, i / 2 FROM generate_series(2, ${ROWS} + 1) i;`;

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`${SCHEMA} ALTER TABLE line REPLICA IDENTITY FULL; ${FILL}
    INSERT INTO item SELECT i, 'outside the condition', 0 FROM generate_series(1001, 1010) i; ANALYZE`);
  await pair.target.query(`${SCHEMA} ${FILL} ANALYZE`);
});
afterAll(() => pair.drop());

const tableName = fc.constantFrom('item', 'word', 'part', 'line');
const place = fc.oneof(fc.constantFrom(0, ROWS - 1, RANGE - 1, RANGE), fc.nat(ROWS - 1));
/** What happens to one row, found by its position in the order of ctid. */
const corruption = fc.oneof(
  fc.record({ table: tableName, place, kind: fc.constant('missing' as const) }),
  fc.record({
    table: tableName,
    place,
    kind: fc.constant('different' as const),
    set: fc.constantFrom(
      "a = coalesce(a, '') || ' '",
      "a = CASE WHEN a IS NULL THEN '' END",
      'n = n + 1e-9',
      'n = NULL',
    ),
  }),
  fc.record({ table: tableName, place: fc.constantFrom(-1, -2, -3), kind: fc.constant('extra' as const) }),
);

const EXTRA: Readonly<Record<string, readonly string[]>> = {
  // Before the first key, after the last, and one that the condition leaves out though the source has it.
  item: ["(-7, 'x', 1)", "(999, 'x', 1)", "(1001, 'outside the condition', 0)"],
  word: ["('', 'x', 1)", "('zzz', 'x', 1)", "('W1', 'a1', 0.3)"],
  part: ["(-1, md5('x')::uuid, 'x', 1)", "(99, md5('x')::uuid, 'x', 1)", "(5, md5('x')::uuid, NULL, NULL)"],
  line: ['(NULL, NULL, NULL)', "(1, 'a1', 1)", "(99999, 'x', 1)"],
};

type Corruption = typeof corruption extends fc.Arbitrary<infer T> ? T : never;

function sqlOf(given: Corruption): string {
  const { table } = given;
  const row = `ctid = (SELECT ctid FROM original WHERE name = '${table}' AND place = ${given.place})`;
  switch (given.kind) {
    case 'missing':
      return `DELETE FROM ${table} WHERE ${row}`;
    case 'different':
      return `UPDATE ${table} SET ${given.set} WHERE ${row}`;
    case 'extra':
      return `INSERT INTO ${table} VALUES ${EXTRA[table]?.[-1 - given.place]}`;
  }
}

/** Rows of each side that the other lacks, by SQL's own EXCEPT ALL over both complete contents. */
async function countWrong(): Promise<Record<string, number>> {
  const wrong: Record<string, number> = {};
  for (const table of ['item', 'word', 'part', 'line']) {
    const where = table === 'item' ? ' WHERE id <= 1000' : '';
    const rows = async (side: 'source' | 'target', condition: string) =>
      (await pair[side].query(`SELECT t::text AS row FROM ${table} t${condition}`)).rows.map(
        (row) => row.row as string,
      );
    const left = await rows('source', where);
    for (const row of await rows('target', '')) {
      const at = left.indexOf(row);
      if (at >= 0) left.splice(at, 1);
      else wrong[`public.${table}`] = (wrong[`public.${table}`] ?? 0) + 1;
    }
    wrong[`public.${table}`] = (wrong[`public.${table}`] ?? 0) + left.length;
  }
  return wrong;
}

test('exactly what was corrupted is reported', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(corruption, {
        selector: ({ table, place: at }) => `${table} ${at}`,
        minLength: 0,
        maxLength: 6,
      }),
      async (corruptions) => {
        await pair.target.query(`TRUNCATE item, word, part, line; ${FILL}
          CREATE TEMPORARY TABLE IF NOT EXISTS original (name text, place int, at tid); TRUNCATE original`);
        for (const table of ['item', 'word', 'part', 'line'])
          await pair.target.query(
            `INSERT INTO original SELECT '${table}', row_number() OVER (ORDER BY ctid) - 1, ctid FROM ${table}`,
          );
        for (const one of corruptions)
          await pair.target.query(sqlOf(one).replace('SELECT ctid', 'SELECT at'));
        const wrong = await countWrong();
        const report = await verifySlice({
          slice: 'shop',
          tables: TABLES,
          sourceUrl: pair.sourceUrl,
          targetUrl: pair.targetUrl,
          mode: 'full',
          settings: { rangeRows: RANGE },
        });
        const differences = report.tables.map(
          ({ to, missing, extra, different }) => [to, missing + extra + 2 * different] as const,
        );
        expect(Object.fromEntries(differences)).toEqual(wrong);
        const any = Object.values(wrong).some((count) => count > 0);
        expect(report.verdict).toBe(any ? 'mismatch' : 'match');
        expect(report.tables.every((table) => table.complete)).toBe(true);
      },
    ),
    {
      numRuns: 10,
      examples: [
        // Both of two equal rows without a key: one deleted, the other changed.
        [
          [
            { table: 'line', place: 31, kind: 'missing' },
            { table: 'line', place: 30, kind: 'different', set: "a = coalesce(a, '') || ' '" },
          ],
        ],
      ],
    },
  );
});
