/** A proposed mapping says what was guessed, and is never one that the preflight refuses. */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import type { MappingProposal } from '../../../../cdc/proposal/mapping-proposal.ts';
import { proposeMapping } from '../../../../cdc/proposal/propose-mapping.ts';
import { refusingPort } from '../../../parts/refusing-port.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;
beforeEach(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
});
afterEach(() => pair.drop());

/** The proposal for these tables; what it proposes has passed the preflight. */
async function propose(sourceSql: string, targetSql: string): Promise<MappingProposal> {
  await pair.source.query(sourceSql);
  await pair.target.query(targetSql);
  const proposal = await proposeMapping(pair);
  const entries = proposal.tables.map(({ from, to, columns, omit }) => ({
    from,
    to,
    ...(columns && { columns }),
    ...(omit && { omit }),
  }));
  const findings = await preflightSlice({ slice: 'facts', tables: parseConfigTables(entries), ...pair });
  const errors = findings.filter(({ severity, path }) => severity === 'error' && path.includes('.tables'));
  expect(errors).toEqual([]);
  return proposal;
}

const NOTHING = { tables: [], refused: [], unmatched: [] };

describe('columns', () => {
  test('with the same names need no list; what the service lacks is left behind, and asked about', async () => {
    const proposal = await propose(
      'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL, secret text, note text)',
      'CREATE TABLE orders (id bigint PRIMARY KEY, total numeric NOT NULL, note text, extra int)',
    );
    expect(proposal).toEqual({
      ...NOTHING,
      tables: [
        {
          from: 'public.orders',
          to: 'public.orders',
          omit: ['secret'],
          guesses: [],
          questions: [
            '“extra” of the service is not filled: no column of the monolith’s table is like it',
            '“secret” (text) of the monolith stays behind: does the service need it?',
          ],
        },
      ],
    });
  });

  test('in another spelling, or with the table’s name, are guessed, and said to be', async () => {
    const { tables } = await propose(
      'CREATE TABLE order_items (order_item_id bigint PRIMARY KEY, created_at timestamptz, "unitPrice" numeric)',
      'CREATE TABLE "orderItem" (id bigint PRIMARY KEY, "createdAt" timestamptz, unit_price numeric)',
    );
    expect(tables).toMatchObject([
      {
        to: 'public.orderItem',
        columns: { id: 'order_item_id', createdAt: 'created_at', unit_price: 'unitPrice' },
        omit: [],
        guesses: [
          'the tables belong together by name: singular and plural',
          '“id” is made from “order_item_id”: one has the table’s name before it',
          '“createdAt” is made from “created_at”: one name in two spellings',
          '“unit_price” is made from “unitPrice”: one name in two spellings',
        ],
        questions: [],
      },
    ]);
  });

  test.each<[string, string, string, string]>([
    ['text', 'int', 'x', 'does not become integer by itself'],
    ['int', 'bool', 'x', 'does not become boolean by itself'],
    ['bigint', 'int', '', 'is bigint in the monolith and integer in the service: does every value fit?'],
    ['varchar(50)', 'varchar(20)', '', 'does every value fit?'],
    ['timestamp', 'timestamptz', '', 'does every value fit?'],
    ['numeric', 'numeric(10,2)', 'x', 'rounds values or cuts them off'],
    ["text GENERATED ALWAYS AS ('x') STORED", 'text', 'x', 'no column of the monolith’s table is like it'],
  ])('of type %s and %s', async (from, to, left, says) => {
    const { tables } = await propose(
      `CREATE TABLE t (id int PRIMARY KEY, x ${from})`,
      `CREATE TABLE t (id int PRIMARY KEY, x ${to})`,
    );
    expect(tables).toMatchObject([{ questions: [expect.stringContaining(says)] }]);
    expect(tables[0]?.omit ?? []).toEqual(left === '' ? [] : [left]);
  });

  test.each([
    ['int', 'bigint'],
    ['varchar(20)', 'text'],
    ['smallint', 'numeric'],
    ['mood', 'mood'],
    ["text GENERATED ALWAYS AS ('x') STORED", "text GENERATED ALWAYS AS ('x') STORED"],
  ])('of type %s and %s go over without a question', async (from, to) => {
    const { tables } = await propose(
      `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE t (id int PRIMARY KEY, x ${from})`,
      `CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad'); CREATE TABLE t (id int PRIMARY KEY, x ${to})`,
    );
    expect(tables).toEqual([{ from: 'public.t', to: 'public.t', guesses: [], questions: [] }]);
  });

  test('whose enum lacks labels stay behind', async () => {
    const { tables } = await propose(
      "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE t (id int PRIMARY KEY, x mood)",
      "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int PRIMARY KEY, x mood)",
    );
    expect(tables).toMatchObject([
      { omit: ['x'], questions: [expect.stringContaining('lacks the labels “glad”')] },
    ]);
  });

  test('that may be null, and must not be in the service, are named', async () => {
    const { tables } = await propose(
      'CREATE TABLE t (id int PRIMARY KEY, x int)',
      'CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL)',
    );
    expect(tables).toMatchObject([{ questions: [expect.stringContaining('may be null')] }]);
  });

  test('of which two are like one are asked about', async () => {
    const { tables } = await propose(
      'CREATE TABLE t (id int PRIMARY KEY, created_at int, "createdAt" int)',
      'CREATE TABLE t (id int PRIMARY KEY, createdat int)',
    );
    expect(tables[0]?.questions[0]).toContain('“created_at” and “createdAt” are both like it');
  });
});

describe('tables that cannot go over as they are', () => {
  test.each<[string, string, string, RegExp, RegExp | undefined]>([
    [
      'the source has no identity',
      'CREATE TABLE t (id int)',
      'CREATE TABLE t (id int PRIMARY KEY)',
      /no primary key/,
      /REPLICA IDENTITY FULL/,
    ],
    [
      'a column has to be filled',
      'CREATE TABLE t (id int PRIMARY KEY)',
      'CREATE TABLE t (id int PRIMARY KEY, tenant int NOT NULL)',
      /“tenant” must not be null and has no default/,
      undefined,
    ],
    [
      'the target has another key',
      'CREATE TABLE t (id int PRIMARY KEY)',
      'CREATE TABLE t (id int, name text PRIMARY KEY DEFAULT 1)',
      /no key of/,
      /ADD UNIQUE/,
    ],
    [
      'they have nothing in common',
      'CREATE TABLE t (a int PRIMARY KEY)',
      'CREATE TABLE t (b int PRIMARY KEY)',
      /no column name in common|must not be null/,
      undefined,
    ],
    [
      'it is unlogged',
      'CREATE UNLOGGED TABLE t (id int PRIMARY KEY)',
      'CREATE TABLE t (id int PRIMARY KEY)',
      /unlogged/,
      /SET LOGGED/,
    ],
    [
      'only the end of a name is alike',
      'CREATE TABLE shop_user (id int PRIMARY KEY, a int, b int, c int)',
      'CREATE TABLE users (id int PRIMARY KEY, x int, y int, z int)',
      /few of their columns/,
      undefined,
    ],
    [
      'a name has no notation',
      'CREATE TABLE "a""b" (id int PRIMARY KEY)',
      'CREATE TABLE "a""b" (id int PRIMARY KEY)',
      /cannot be written/,
      undefined,
    ],
    [
      'a name is a reference',
      'CREATE TABLE "${HOME}" (id int PRIMARY KEY)',
      'CREATE TABLE "${HOME}" (id int PRIMARY KEY)',
      /cannot be written/,
      undefined,
    ],
  ])('%s', async (_, sourceSql, targetSql, why, remedy) => {
    const { tables, refused } = await propose(sourceSql, targetSql);
    expect(tables).toEqual([]);
    expect(refused).toMatchObject([{ why: expect.stringMatching(why) }]);
    if (remedy) expect(refused[0]?.remedySql).toMatch(remedy);
    else expect(refused[0]?.remedySql).toBeUndefined();
  });

  test('keep no other from being proposed', async () => {
    const { tables, refused, unmatched } = await propose(
      `CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE bad (id int); CREATE TABLE of_the_monolith (id int);
       CREATE SCHEMA ficus; CREATE TABLE ficus.checkpoint (id int PRIMARY KEY)`,
      `CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE bad (id int PRIMARY KEY); CREATE TABLE new (id int PRIMARY KEY);
       CREATE TABLE "order.lines" (id int PRIMARY KEY); CREATE SCHEMA ficus; CREATE TABLE ficus.checkpoint (id int PRIMARY KEY)`,
    );
    expect(tables.map(({ to }) => to)).toEqual(['public.good']);
    expect(refused.map(({ to }) => to)).toEqual(['public.bad']);
    expect(unmatched.map(({ table }) => table)).toEqual(['public.new', 'public.order.lines']);
  });
});

test('a table with a dot in its name is written as the config reads it', async () => {
  const sql = 'CREATE TABLE "order.lines" (id int PRIMARY KEY)';
  expect((await propose(sql, sql)).tables).toMatchObject([
    { from: 'public."order.lines"', to: 'public."order.lines"' },
  ]);
});

test('a partitioned table is one table', async () => {
  const { tables } = await propose(
    'CREATE TABLE logs (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (9)',
    'CREATE TABLE logs (id int PRIMARY KEY); CREATE TABLE logs_1 (id int PRIMARY KEY)',
  );
  expect(tables.map(({ from }) => from)).toEqual(['public.logs']);
});

test('one database for both is refused', async () => {
  await pair.source.query('CREATE TABLE t (id int PRIMARY KEY)');
  const both = { sourceUrl: pair.sourceUrl, targetUrl: pair.sourceUrl };
  await expect(proposeMapping(both)).rejects.toThrow(/the same database/);
});

test('a database that cannot be reached is named, without its password', async () => {
  const gone = `postgres://shop:geheim@127.0.0.1:${await refusingPort()}/shop`;
  const failed = proposeMapping({ sourceUrl: gone, targetUrl: pair.targetUrl });
  await expect(failed).rejects.toThrow(/Database “shop” cannot be reached/);
  await expect(failed).rejects.not.toThrow(/geheim/);
});
