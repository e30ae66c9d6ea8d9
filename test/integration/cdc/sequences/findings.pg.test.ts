/** What is found about sequences that cannot be set or compared, with SQL that runs as printed. */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { sourceGrants, targetGrants } from '../../../../cdc/preflight/grants-sql.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { createSequencePair, type SequencePair } from './sequence-pair.ts';

let pair: SequencePair | undefined;
const suffix = randomBytes(4).toString('hex');
const roles = { sourceRole: `Reader "${suffix}`, targetRole: `writer%s_${suffix}` };
const quoted = (role: string) => `"${role.replaceAll('"', '""')}"`;
afterEach(async () => {
  for (const client of pair ? [pair.source, pair.target] : [])
    for (const role of Object.values(roles))
      await client.query(
        `DO $$ BEGIN IF to_regrole('${quoted(role)}') IS NOT NULL THEN EXECUTE 'DROP OWNED BY ${quoted(role)} CASCADE'; END IF; END $$`,
      );
  for (const role of Object.values(roles)) await pair?.source.query(`DROP ROLE IF EXISTS ${quoted(role)}`);
  await pair?.drop();
  pair = undefined;
});

const SAME = [{ from: 'item', to: 'item' }];
const ITEM = 'CREATE TABLE item (id bigserial PRIMARY KEY, name text);';
const start = async (legacy: string, candidate: string, tables: readonly unknown[] = SAME) =>
  (pair = await createSequencePair(inject('postgresPort'), legacy, candidate, tables));
const asRoles = () => ({
  legacyUrl: pair!.sourceUrl.replace('postgres@', `${encodeURIComponent(roles.sourceRole)}@`),
  candidateUrl: pair!.targetUrl.replace('postgres@', `${encodeURIComponent(roles.targetRole)}@`),
});

describe('privileges', () => {
  const HIDDEN =
    'CREATE SCHEMA "Ids"; CREATE SEQUENCE "Ids"."of ""items"""; CREATE TABLE item (id bigint PRIMARY KEY DEFAULT nextval(\'"Ids"."of ""items"""\'), name text);';

  test('what is missing is printed for either side, and is enough', async () => {
    await start(`${HIDDEN} INSERT INTO item (name) VALUES ('x')`, HIDDEN);
    await pair!.source.query(
      `CREATE ROLE ${quoted(roles.sourceRole)} LOGIN; GRANT SELECT ON item TO ${quoted(roles.sourceRole)}`,
    );
    await pair!.target.query(
      `CREATE ROLE ${quoted(roles.targetRole)} LOGIN; GRANT ALL ON item TO ${quoted(roles.targetRole)}`,
    );
    const before = await (await pair!.open(asRoles())).setAhead();
    expect(before.ahead).toBe(false);
    expect(before.findings.map(({ severity, code, path }) => [severity, code, path])).toEqual([
      ['error', 'FICUS_ARM_SEQUENCE_PRIVILEGE', 'slices.facts.candidate.database'],
      ['error', 'FICUS_ARM_SEQUENCE_PRIVILEGE', 'legacy.database'],
    ]);
    await pair!.target.query(before.findings[0]!.remedySql!);
    await pair!.source.query(before.findings[1]!.remedySql!);
    expect(await (await pair!.open(asRoles())).setAhead()).toMatchObject({ ahead: true, findings: [] });
  });

  test('the roles of --grants may read and set, in both directions', async () => {
    await start(
      `${HIDDEN} INSERT INTO item (name) VALUES ('x')`,
      `${ITEM} ALTER SEQUENCE item_id_seq CACHE 10`,
    );
    const input = { slice: 'facts', tables: parseConfigTables(SAME), ...roles };
    for (const statement of sourceGrants(input)) await pair!.source.query(statement);
    for (const statement of targetGrants(input)) await pair!.target.query(statement);
    const set = await (await pair!.open(asRoles())).setAhead();
    expect(set.ahead).toBe(true);
    // The cache is its owner's to take back.
    expect(set.findings).toMatchObject([
      { severity: 'warning', remedySql: expect.stringContaining('CACHE 10') },
    ]);
    const back = await (await pair!.open({ ...asRoles(), operation: 'rollback' })).setAhead();
    expect(back).toMatchObject({ ahead: true, findings: [] });
  });

  test('a sequence that is far ahead already needs no right to set it', async () => {
    await start(ITEM, `${ITEM} SELECT setval('item_id_seq', 10000000)`);
    await pair!.target.query(
      `CREATE ROLE ${quoted(roles.targetRole)} LOGIN; GRANT ALL ON item TO ${quoted(roles.targetRole)}; GRANT SELECT ON item_id_seq TO ${quoted(roles.targetRole)}`,
    );
    const { candidateUrl } = asRoles();
    expect(await (await pair!.open({ candidateUrl })).setAhead()).toMatchObject({
      ahead: true,
      findings: [],
    });
  });
});

test('an integer near its end is refused, and what is printed widens it', async () => {
  await start(
    `${ITEM} INSERT INTO item VALUES (2147483640)`,
    'CREATE TABLE item (id serial PRIMARY KEY, name text)',
  );
  const before = await (await pair!.open()).setAhead();
  expect(before).toMatchObject({
    ahead: false,
    sequences: [{ set: false }],
    findings: [{ severity: 'error', code: 'FICUS_ARM_SEQUENCE_ENDS' }],
  });
  await pair!.target.query(before.findings[0]!.remedySql!);
  expect(await (await pair!.open()).setAhead()).toMatchObject({ ahead: true, findings: [] });
});

test('an end that is near is named beforehand', async () => {
  await start(
    `${ITEM} INSERT INTO item VALUES (2100000000)`,
    'CREATE TABLE item (id serial PRIMARY KEY, name text)',
  );
  const set = await (await pair!.open()).setAhead();
  expect(set).toMatchObject({
    ahead: true,
    findings: [{ severity: 'warning', code: 'FICUS_ARM_SEQUENCE_ENDS' }],
  });
});

const notes = async (operation: 'cutover' | 'rollback' = 'cutover') =>
  (await (await pair!.open({ operation })).look()).findings.map(({ severity, message }) => [
    severity,
    message,
  ]);

test('a mapping that does not fit is refused: its tables would be ahead unseen', async () => {
  await start(ITEM, 'CREATE TABLE thing (id bigserial PRIMARY KEY)');
  await expect(pair!.open()).rejects.toThrow('public.item');
});

describe('what cannot be seen', () => {
  test('keys of the application, of unnamed sequences, and uuids', async () => {
    await start(
      'CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY); CREATE TABLE c (id uuid PRIMARY KEY DEFAULT gen_random_uuid())',
      `CREATE FUNCTION next_of(name text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval(name); END $$;
       CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY DEFAULT next_of('x')); CREATE TABLE c (id uuid PRIMARY KEY DEFAULT gen_random_uuid())`,
      ['a', 'b', 'c'].map((name) => ({ from: name, to: name })),
    );
    expect(await notes()).toEqual([
      ['warning', expect.stringContaining('“public.a.id” come from cannot be seen: it has no default')],
      [
        'warning',
        expect.stringContaining('“public.b.id” come from cannot be seen: its default calls “next_of”'),
      ],
    ]);
  });

  test('keys that the mapping computes', async () => {
    await start(ITEM, ITEM, [
      {
        from: 'item',
        to: 'item',
        columns: { id: { sql: 'id * 10', from: ['id'], reverse: { id: 'id / 10' } }, name: 'name' },
      },
    ]);
    expect(await notes()).toEqual([
      [
        'warning',
        expect.stringContaining(
          'The mapping computes “public.item.id”, so the keys that the legacy has given',
        ),
      ],
    ]);
    expect(await notes('rollback')).toEqual([
      [
        'warning',
        expect.stringContaining(
          'The mapping computes “public.item.id”, so the keys that the candidate has given',
        ),
      ],
    ]);
  });

  test('a sequence that other tables of the monolith share, and one that splits in two', async () => {
    const ids =
      "CREATE SEQUENCE ids; CREATE TABLE a (id int PRIMARY KEY DEFAULT nextval('ids')); CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('ids'))";
    await start(
      `${ids}; CREATE TABLE stays (id int DEFAULT nextval('ids'))`,
      'CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id serial PRIMARY KEY)',
      ['a', 'b'].map((name) => ({ from: name, to: name })),
    );
    const shared = expect.stringContaining('also give those of “public.stays”, which stay there');
    expect(await notes()).toEqual([
      ['warning', shared],
      ['warning', shared],
      [
        'warning',
        expect.stringContaining(
          '“public.a_id_seq”, “public.b_id_seq” of the candidate continue one sequence',
        ),
      ],
    ]);
    const set = await (await pair!.open()).setAhead();
    expect(set.sequences.map(({ columns }) => columns)).toEqual([['public.a.id'], ['public.b.id']]);
    // Back there is one for both.
    expect((await (await pair!.open({ operation: 'rollback' })).setAhead()).sequences).toMatchObject([
      { sequence: 'public.ids', columns: ['public.a.id', 'public.b.id'], ahead: true },
    ]);
  });

  test('CYCLE, an unlogged sequence, and a column without an index', async () => {
    const rank = "CREATE TABLE item (id bigint PRIMARY KEY, rank bigint DEFAULT nextval('ids'))";
    await start(`CREATE SEQUENCE ids CYCLE; ${rank}`, `CREATE UNLOGGED SEQUENCE ids CYCLE; ${rank}`);
    expect((await notes()).map(([, message]) => message)).toEqual([
      expect.stringContaining('“public.ids” of the candidate begins again at its end'),
      expect.stringContaining('“public.ids” of the legacy begins again at its end'),
      expect.stringContaining('is unlogged'),
      expect.stringContaining(
        '“public.item.rank” are not compared with sequence “public.ids”: no index leads with it',
      ),
      expect.stringContaining('“public.item.id” come from cannot be seen'),
    ]);
  });
});
