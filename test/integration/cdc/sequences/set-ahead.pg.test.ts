/** Fact 18: sequences are set ahead at arm, and only compared in the hold. On real catalogs, in both directions. */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { createSequencePair, type SequencePair } from './sequence-pair.ts';

let pair: SequencePair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const start = async (legacy: string, candidate: string, tables: readonly unknown[] = SAME) =>
  (pair = await createSequencePair(inject('postgresPort'), legacy, candidate, tables));

const SAME = [{ from: 'item', to: 'item' }];
const ITEM = 'CREATE TABLE item (id bigserial PRIMARY KEY, name text);';
const nextOf = async (side: 'source' | 'target', sequence: string): Promise<number> => {
  const { rows } = await pair![side].query(`SELECT nextval('${sequence}')::int AS next`);
  return rows[0].next;
};

describe('what draws', () => {
  const candidates = {
    serial: [ITEM, 'item_id_seq'],
    'an identity column': [
      'CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)',
      'item_id_seq',
    ],
    'a sequence of another schema, by name': [
      'CREATE SCHEMA "Ids"; CREATE SEQUENCE "Ids"."of ""items"""; CREATE TABLE item (id bigint PRIMARY KEY DEFAULT nextval(\'"Ids"."of ""items"""\'), name text)',
      '"Ids"."of ""items"""',
    ],
    'a name that is resolved at each call': [
      "CREATE SEQUENCE ids; CREATE TABLE item (id bigint PRIMARY KEY DEFAULT nextval('ids'::text), name text)",
      'ids',
    ],
    'a domain': [
      "CREATE SEQUENCE ids; CREATE DOMAIN item_id AS bigint DEFAULT nextval('ids'); CREATE TABLE item (id item_id PRIMARY KEY, name text)",
      'ids',
    ],
    'a function in PL/pgSQL': [
      "CREATE SEQUENCE ids; CREATE FUNCTION next_id() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('ids'); END $$; CREATE TABLE item (id bigint PRIMARY KEY DEFAULT next_id(), name text)",
      'ids',
    ],
    'a function of standard SQL': [
      "CREATE SEQUENCE ids; CREATE FUNCTION next_id() RETURNS bigint BEGIN ATOMIC SELECT nextval('ids'); END; CREATE TABLE item (id bigint PRIMARY KEY DEFAULT next_id(), name text)",
      'ids',
    ],
    'a trigger': [
      "CREATE SEQUENCE ids; CREATE TABLE item (id bigint PRIMARY KEY, name text); CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := nextval('ids'); RETURN NEW; END $$; CREATE TRIGGER number BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION number()",
      'ids',
    ],
    'the application, from a sequence named like the table': [
      'CREATE TABLE item (id bigint PRIMARY KEY, name text); CREATE SEQUENCE item_seq INCREMENT 50',
      'item_seq',
    ],
    'a partitioned table': [
      'CREATE TABLE item (id bigserial, name text, PRIMARY KEY (id)) PARTITION BY HASH (id); CREATE TABLE item_0 PARTITION OF item FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
      'item_id_seq',
    ],
  } as const;
  test.each(Object.entries(candidates))('%s', async (_, [sql, sequence]) => {
    await start(`${ITEM} INSERT INTO item (name) SELECT 'x' FROM generate_series(1, 700)`, sql);
    const sequences = await pair!.open();
    expect((await sequences.compare()).ahead).toBe(false);
    const set = await sequences.setAhead();
    expect(set).toMatchObject({ ahead: true, sequences: [{ set: true, ahead: true }] });
    expect(set.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(await nextOf('target', sequence)).toBeGreaterThanOrEqual(10_700);
    expect(await sequences.setAhead()).toMatchObject({ sequences: [{ set: false, ahead: true }] });
  });
});

test('the old owner draws on: within the headroom the comparison finds nothing, beyond it says so', async () => {
  await start(ITEM, ITEM);
  const sequences = await pair!.open({ headroom: 300n });
  await sequences.setAhead();
  await pair!.source.query("SELECT nextval('item_id_seq') FROM generate_series(1, 250)");
  expect(await sequences.compare()).toMatchObject({ ahead: true, findings: [] });
  await pair!.source.query("SELECT setval('item_id_seq', 900000)");
  const behind = await sequences.compare();
  expect(behind).toMatchObject({
    ahead: false,
    sequences: [{ sequence: 'public.item_id_seq', columns: ['public.item.id'], need: '900001' }],
    findings: [{ severity: 'error', code: 'FICUS_ARM_SEQUENCE_BEHIND' }],
  });
  expect((await sequences.setAhead()).ahead).toBe(true);
});

test('keys that no sequence has given count, on both sides', async () => {
  await start(`${ITEM} INSERT INTO item VALUES (70000)`, `${ITEM} INSERT INTO item VALUES (90000)`);
  const sequences = await pair!.open();
  await sequences.setAhead();
  expect(await nextOf('target', 'item_id_seq')).toBeGreaterThan(90_000);
  await pair!.source.query('INSERT INTO item VALUES (8000000)');
  expect((await sequences.compare()).ahead).toBe(false);
});

test('empty tables on both sides, and sequences that were never called', async () => {
  await start(ITEM, ITEM);
  const sequences = await pair!.open();
  expect(await sequences.compare()).toMatchObject({ sequences: [{ next: '1', need: '1', ahead: true }] });
  expect((await sequences.setAhead()).ahead).toBe(true);
});

test('after a rollback the legacy’s sequence is ahead of what the candidate has given', async () => {
  const tables = [{ from: 'item', to: 'thing', columns: { key: 'id', label: 'name' } }];
  await start(
    ITEM,
    'CREATE TABLE thing (key int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, label text)',
    tables,
  );
  await (await pair!.open()).setAhead();
  await pair!.target.query("INSERT INTO thing (label) SELECT 'x' FROM generate_series(1, 20)");
  const { rows } = await pair!.target.query('SELECT max(key) AS key FROM thing');
  const back = await pair!.open({ operation: 'rollback' });
  expect((await back.compare()).ahead).toBe(false);
  expect(await back.setAhead()).toMatchObject({
    ahead: true,
    sequences: [{ sequence: 'public.item_id_seq', columns: ['public.item.id'] }],
  });
  expect(await nextOf('source', 'item_id_seq')).toBeGreaterThan(rows[0].key);
});

test('descending sequences, and steps that take turns, keep their direction and their values', async () => {
  await start(
    "CREATE SEQUENCE down INCREMENT -1; CREATE TABLE item (id int PRIMARY KEY DEFAULT nextval('down')); INSERT INTO item SELECT FROM generate_series(1, 40)",
    "CREATE SEQUENCE down INCREMENT -2 START -1; CREATE TABLE item (id int PRIMARY KEY DEFAULT nextval('down'))",
  );
  const sequences = await pair!.open();
  await sequences.setAhead();
  const next = await nextOf('target', 'down');
  expect(next).toBeLessThan(-10_000);
  expect(Math.abs(next % 2)).toBe(1);
});

test('a cache of the new owner’s sessions, filled before, is taken back', async () => {
  const sql = "CREATE SEQUENCE ids CACHE 50; CREATE TABLE item (id int PRIMARY KEY DEFAULT nextval('ids'))";
  await start(`${sql}; INSERT INTO item SELECT FROM generate_series(1, 40)`, sql);
  // This session holds 2 to 50.
  expect(await nextOf('target', 'ids')).toBe(1);
  await (await pair!.open()).setAhead();
  expect(await nextOf('target', 'ids')).toBeGreaterThan(10_000);
});

test('a transaction that has drawn keeps the cache: nothing is set, and the report says that it is behind', async () => {
  const sql = "CREATE SEQUENCE ids CACHE 50; CREATE TABLE item (id int PRIMARY KEY DEFAULT nextval('ids'))";
  await start(`${sql}; INSERT INTO item SELECT FROM generate_series(1, 40)`, sql);
  await pair!.target.query('BEGIN');
  expect(await nextOf('target', 'ids')).toBe(1);
  const sequences = await pair!.open();
  expect(await sequences.setAhead()).toMatchObject({
    ahead: false,
    sequences: [{ set: false }],
    findings: [{ code: 'FICUS_ARM_SEQUENCE_BEHIND', message: expect.stringContaining('open transaction') }],
  });
  await pair!.target.query('COMMIT');
  expect((await sequences.setAhead()).ahead).toBe(true);
});

test('a hundred sequences are compared in one short round trip', async () => {
  const list = Array.from({ length: 100 }, (_, at) => `t${at}`);
  const sql = list.map((name) => `CREATE TABLE ${name} (id bigserial PRIMARY KEY, name text)`).join(';');
  await start(
    sql,
    sql,
    list.map((name) => ({ from: name, to: name })),
  );
  const sequences = await pair!.open();
  const first = await sequences.setAhead();
  expect([first.ahead, first.sequences.length]).toEqual([true, 100]);
  const took: number[] = [];
  for (let round = 0; round < 20; round++) {
    const from = performance.now();
    await sequences.compare();
    took.push(performance.now() - from);
  }
  took.sort((a, b) => a - b);
  console.log(`compare of 100 sequences: p50 ${took[10]!.toFixed(1)} ms, max ${took[19]!.toFixed(1)} ms`);
  expect(took[0]).toBeLessThan(50);
});
