/**
 * Fact 13: what the legacy refuses and the candidate accepts stops the stream back. Each kind of constraint on real
 * catalogs, through renamed columns, and in the other direction.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { type ArmPair, createArmPair } from './arm-pair.ts';

let pair: ArmPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const start = async (legacy: string, candidate: string, tables: readonly unknown[]) =>
  (pair = await createArmPair(inject('postgresPort'), legacy, candidate, tables));
const gaps = async (operation: 'cutover' | 'rollback' = 'cutover') =>
  (await pair!.look(['FICUS_ARM_CONSTRAINT'], operation)).map(({ message }) => message);

test('null, texts, numbers, labels, CHECK, UNIQUE, EXCLUDE and domains', async () => {
  await start(
    `CREATE TYPE state AS ENUM ('new', 'done'); CREATE DOMAIN email AS text CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
     CREATE TABLE item (id int PRIMARY KEY, name varchar(20) NOT NULL, price numeric(8, 2) CONSTRAINT "not free" CHECK (price > 0),
       state state, mail email, code text UNIQUE, span int4range, EXCLUDE USING gist (span WITH &&))`,
    `CREATE TYPE state AS ENUM ('new', 'done', 'lost');
     CREATE TABLE thing (key bigint PRIMARY KEY, "Name" text, price numeric, state state, mail text, code text, span int4range)`,
    [
      {
        from: 'item',
        to: 'thing',
        columns: {
          key: 'id',
          Name: 'name',
          price: 'price',
          state: 'state',
          mail: 'mail',
          code: 'code',
          span: 'span',
        },
      },
    ],
  );
  const stops = ': such a row of the candidate stops the stream back.';
  expect(await gaps()).toEqual([
    `“public.item.id” of the legacy refuses what does not fit from bigint into integer, which the candidate accepts${stops}`,
    `“public.item.name” of the legacy refuses null, which the candidate accepts${stops}`,
    `“public.item.name” of the legacy refuses what does not fit from text into character varying(20), which the candidate accepts${stops}`,
    `“public.item.price” of the legacy refuses what does not fit from numeric into numeric(8,2), which the candidate accepts${stops}`,
    `“public.item.state” of the legacy refuses the labels “lost” of state, which the candidate accepts${stops}`,
    `“public.item.price” of the legacy refuses what “not free” (CHECK ((price > (0)::numeric))) does not allow, which the candidate accepts${stops}`,
    `“public.item.mail” of the legacy refuses what “has_at” (CHECK ((VALUE ~~ '%@%'::text))) does not allow, which the candidate accepts${stops}`,
    `“public.item.span” of the legacy refuses what “item_span_excl” (EXCLUDE USING gist (span WITH &&)) does not allow, which the candidate accepts${stops}`,
    `“public.item.code” of the legacy refuses what unique index “item_code_key” has already, which the candidate accepts${stops}`,
  ]);
  expect(await gaps('rollback')).toEqual([]);
});

test('what the candidate refuses as well is no gap, under other names too', async () => {
  await start(
    `CREATE TABLE item (id int PRIMARY KEY, a int NOT NULL CHECK (a > 0 AND a <> 7), b text CHECK (b <> 'a'), c int, d int, UNIQUE (c, d), UNIQUE (d, a));
     CREATE UNIQUE INDEX part ON item (c) WHERE a > 0; CREATE UNIQUE INDEX low ON item (lower(b))`,
    `CREATE TABLE item (id int PRIMARY KEY, "A" int NOT NULL CHECK ("A" > 0 AND "A" <> 7), b text CHECK (b <> 'a'), c int UNIQUE, d int, UNIQUE ("A", d));
     CREATE UNIQUE INDEX part ON item (c) WHERE "A" > 0; CREATE UNIQUE INDEX low ON item (lower(b))`,
    [{ from: 'item', to: 'item', columns: { id: 'id', A: 'a', b: 'b', c: 'c', d: 'd' } }],
  );
  expect(await gaps()).toEqual([]);
  await pair!.target.query('DROP INDEX part; DROP INDEX low; ALTER TABLE item DROP CONSTRAINT item_c_key');
  expect(await gaps()).toEqual([
    expect.stringContaining(
      '“public.item.c”, “public.item.d” of the legacy refuses what unique index “item_c_d_key” has already',
    ),
    expect.stringContaining('“low”'),
    expect.stringContaining('“part”'),
  ]);
});

test('of what an expression makes, it is only said what it must be', async () => {
  await start(
    `CREATE TYPE kind AS ENUM ('a_b'); CREATE TABLE item (id int PRIMARY KEY, kind kind NOT NULL, loose text)`,
    'CREATE TABLE item (id int PRIMARY KEY, topic text, loose text)',
    [
      {
        from: 'item',
        to: 'item',
        columns: {
          id: 'id',
          topic: {
            sql: "replace(kind, '_', '.')",
            from: ['kind'],
            reverse: { kind: "replace(topic, '.', '_')" },
          },
          loose: { sql: 'upper(loose)', from: ['loose'], reverse: { loose: 'lower(loose)' } },
        },
      },
    ],
  );
  expect(await gaps()).toEqual([
    'Expressions of the mapping make columns of “public.item” on the legacy that must fit: “kind” (not null, a label of kind). A row of the candidate from which they make anything else stops the stream back.',
  ]);
});

test('foreign keys: whether they are checked depends on the role that the stream back writes as', async () => {
  await start(
    `CREATE TABLE customer (id int PRIMARY KEY); CREATE TABLE item (id int PRIMARY KEY, customer int REFERENCES customer, parent int REFERENCES item);
     DO $$ BEGIN CREATE ROLE ficus_plain_legacy LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT ALL ON item TO ficus_plain_legacy`,
    'CREATE TABLE thing (id int PRIMARY KEY, who int, parent int REFERENCES thing)',
    [{ from: 'item', to: 'thing', columns: { id: 'id', who: 'customer', parent: 'parent' } }],
  );
  const refuses =
    '“public.item.customer” of the legacy refuses what has no row in “public.customer”, which the candidate accepts: ';
  expect(await gaps()).toEqual([
    `${refuses}the stream back writes such a row all the same, since foreign keys are not checked for it, and it refers to nothing there.`,
  ]);
  const plain = await pair!.look(['FICUS_ARM_CONSTRAINT'], 'cutover', 'ficus_plain_legacy');
  expect(plain.map(({ message }) => message)).toEqual([
    `${refuses}such a row of the candidate stops the stream back.`,
  ]);
});

test('tables outside that refer into the slice, by what the stream back may do', async () => {
  await start(
    `CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE "Read" (item int CONSTRAINT "to item" REFERENCES item ON DELETE CASCADE); CREATE TABLE pin (item int REFERENCES item);
     DO $$ BEGIN CREATE ROLE ficus_plain_legacy LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT ALL ON item TO ficus_plain_legacy`,
    'CREATE TABLE item (id int PRIMARY KEY)',
    [{ from: 'item', to: 'item' }],
  );
  expect(await gaps()).toEqual([
    expect.stringContaining(
      '“public.pin” of the legacy refers to “public.item” (foreign key “pin_item_fkey”)',
    ),
    expect.stringMatching(
      /“public.Read”.*“to item”.*“cascade” is not carried out\. A TRUNCATE of it by its new owner stops the stream back\.$/,
    ),
  ]);
  const plain = await pair!.look(['FICUS_ARM_CONSTRAINT'], 'cutover', 'ficus_plain_legacy');
  expect(plain.map(({ message }) => message)).toEqual([
    expect.stringMatching(/“public.pin”.*the stream back stops/),
    expect.stringMatching(/“public.Read”.*follow when the stream deletes one \(cascade\)/),
  ]);
});

test('for a rollback it is what the candidate refuses', async () => {
  await start(
    'CREATE TABLE item (id int PRIMARY KEY, a int)',
    'CREATE TABLE item (id int PRIMARY KEY, a int CHECK (a > 0))',
    [{ from: 'item', to: 'item' }],
  );
  expect(await gaps()).toEqual([]);
  expect(await gaps('rollback')).toEqual([
    expect.stringMatching(
      /“public.item.a” of the candidate refuses what “item_a_check”.*such a row of the legacy stops the stream back/,
    ),
  ]);
});

test('a partitioned table, on either side', async () => {
  const whole = 'CREATE TABLE item (id int PRIMARY KEY) PARTITION BY HASH (id)';
  await start(whole, 'CREATE TABLE item (id int PRIMARY KEY)', [{ from: 'item', to: 'item' }]);
  expect(await pair!.look(['FICUS_ARM_DDL'])).toMatchObject([
    {
      severity: 'warning',
      path: 'legacy.database',
      message: expect.stringContaining('“public.item” of the legacy is partitioned'),
    },
  ]);
});
