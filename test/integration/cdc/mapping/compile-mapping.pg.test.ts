/** The mapping, compiled against the catalogs of real databases and executed by them. */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readCatalog } from '../../../../cdc/catalog/read-catalog.ts';
import { compileMapping, mappedTables } from '../../../../cdc/mapping/compile-mapping.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

let pair: DatabasePair;

beforeAll(async () => {
  pair = await createDatabasePair(inject('postgresPort'));
  await pair.source.query(`
    CREATE TYPE kind AS ENUM ('order', 'promo');
    CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
    CREATE TABLE notifications (
      id bigserial PRIMARY KEY, customer_id bigint NOT NULL, kind kind NOT NULL, email email,
      is_read boolean NOT NULL DEFAULT false, read_on timestamp, tags kind[] NOT NULL DEFAULT '{}',
      length int GENERATED ALWAYS AS (customer_id::int * 2) STORED);
    CREATE TABLE bare (a int, b int);`);
  await pair.target.query(`
    CREATE SCHEMA inbox;
    CREATE TYPE inbox.channel AS ENUM ('promo', 'order', 'sms');
    CREATE TABLE inbox.messages (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, recipient varchar(20) NOT NULL, channel inbox.channel NOT NULL,
      channels inbox.channel[], read_at timestamptz, origin text NOT NULL, note text DEFAULT 'none');
    CREATE TABLE bare (a int, b int);`);
});
afterAll(() => pair.drop());

async function compile(tables: unknown[]) {
  const parsed = parseConfigTables(tables);
  const names = mappedTables(parsed);
  const source = await readCatalog(pair.source, names.source);
  const target = await readCatalog(pair.target, names.target);
  return compileMapping({ tables: parsed, source, target });
}

const MESSAGES = {
  from: 'notifications',
  to: 'inbox.messages',
  rows: "kind <> 'promo'",
  columns: {
    id: 'id',
    recipient: { sql: "'customer:' || customer_id", from: ['customer_id'] },
    channel: 'kind',
    channels: 'tags',
    read_at: { sql: "CASE WHEN is_read THEN read_on AT TIME ZONE 'UTC' END", from: ['is_read', 'read_on'] },
    origin: { constant: "the monolith's" },
  },
};

describe('a mapping that is not one-to-one', () => {
  test('is executed by PostgreSQL as compiled, with enums by label', async () => {
    const { plans, problems } = await compile([MESSAGES]);
    expect(problems).toEqual([]);
    const plan = plans[0]!;
    expect(plan.key).toMatchObject({ kind: 'columns', columns: ['id'] });
    expect(plan.overridingSystemValue).toBe(true);
    expect(plan.input.map((column) => column.type)).toEqual([
      'bigint',
      'bigint',
      'text',
      'boolean',
      'timestamp without time zone',
      'text',
    ]);
    const text = plan.input.map((column, at) => `i.c${at}::${column.type} AS "${column.name}"`).join(', ');
    const names = plan.columns.map((column) => `"${column.name}"`).join(', ');
    const arrays = plan.input.map((_, at) => `$${at + 1}::text[]`).join(', ');
    const inner = plan.input.map((_, at) => `c${at}`).join(', ');
    await pair.target.query(
      `INSERT INTO ${plan.target.sql} (${names}) OVERRIDING SYSTEM VALUE
       SELECT ${plan.columns.map((column) => column.expression).join(', ')}
         FROM (SELECT ${text} FROM unnest(${arrays}) AS i(${inner})) AS s WHERE ${plan.rows?.condition}`,
      [
        ['7', '8'],
        ['1', '2'],
        ['order', 'promo'],
        ['t', 't'],
        ['2026-01-02 03:04:05.678901', null],
        ['{promo,order}', '{}'],
      ],
    );
    const { rows } = await pair.target.query(
      'SELECT id, recipient, channel, channels::text, read_at::text, origin, note FROM inbox.messages',
    );
    expect(rows).toEqual([
      {
        id: '7',
        recipient: 'customer:1',
        channel: 'order',
        channels: '{promo,order}',
        read_at: '2026-01-02 03:04:05.678901+00',
        origin: "the monolith's",
        note: 'none',
      },
    ]);
  });

  test('says which columns have no way back', async () => {
    const { plans } = await compile([MESSAGES]);
    expect(plans[0]?.irreversibleReasons).toEqual([
      '“customer_id” goes into an expression without reverse',
      '“is_read” goes into an expression without reverse',
      '“read_on” goes into an expression without reverse',
    ]);
  });
});

test('every problem is reported with its path', async () => {
  const { problems } = await compile([
    { from: 'nowhere', to: 'inbox.messages' },
    { from: 'bare', to: 'bare' },
    {
      from: 'notifications',
      to: 'inbox.nothing',
    },
  ]);
  expect(problems.map((problem) => [problem.path.join('.'), problem.message])).toEqual([
    ['tables.0.from', expect.stringContaining('there is no table “public.nowhere” in the source database')],
    [
      'tables.1.from',
      '“public.bare” has no primary key and no other replica identity: the stream could not follow updates and deletes',
    ],
    ['tables.2.to', expect.stringContaining('there is no table “inbox.nothing” in the target database')],
  ]);
});

test('columns are checked one by one', async () => {
  const { problems } = await compile([
    {
      from: 'notifications',
      to: 'inbox.messages',
      columns: {
        id: 'id',
        recipient: 'nobody',
        channel: 'length',
        colour: 'kind',
        note: { sql: 'now()::text', from: ['id'] },
      },
    },
  ]);
  expect(problems.map((problem) => problem.path.slice(2).join('.')).sort()).toEqual([
    'columns',
    'columns.channel',
    'columns.colour',
    'columns.note.sql',
    'columns.recipient',
  ]);
});
