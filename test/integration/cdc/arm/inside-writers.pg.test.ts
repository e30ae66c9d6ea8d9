/**
 * What writes a slice's tables inside the database: each kind on a real catalog, with names that need quotes. The printed
 * SQL ends it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type ArmPair, createArmPair } from './arm-pair.ts';

let pair: ArmPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const NOTE = 'CREATE TABLE "No""te" (id int PRIMARY KEY, text text);';
const start = async (sql: string) =>
  (pair = await createArmPair(
    inject('postgresPort'),
    `${NOTE} CREATE TABLE "Or der" (id int PRIMARY KEY, state text); ${sql}`,
    'CREATE TABLE note (id int PRIMARY KEY, text text)',
    [{ from: 'public."No""te"', to: 'note' }],
  ));
const look = async () => (await pair!.look(['FICUS_ARM_WRITTEN_INSIDE'])).map(({ message }) => message);

const writer = (body: string, name = 'write') =>
  `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NULL; END $$;`;
const TRIGGER = 'CREATE TRIGGER "on Order" AFTER INSERT ON "Or der" FOR EACH ROW EXECUTE FUNCTION';

describe('triggers of other tables', () => {
  test.each([
    ['INSERT', `INSERT INTO "No""te" VALUES (NEW.id);`],
    ['a schema', `insert  into public . "No""te" VALUES (NEW.id);`],
    ['UPDATE', `UPDATE ONLY "No""te" SET text = NULL;`],
    ['DELETE', `DELETE FROM "No""te" WHERE id = OLD.id;`],
    ['MERGE', `MERGE INTO "No""te" n USING "Or der" o ON n.id = o.id WHEN MATCHED THEN DELETE;`],
    ['TRUNCATE', `TRUNCATE "Or der", "No""te";`],
  ])('%s', async (_, body) => {
    await start(`${writer(body)} ${TRIGGER} write()`);
    const findings = await pair!.look(['FICUS_ARM_WRITTEN_INSIDE']);
    expect(findings).toEqual([
      {
        severity: 'warning',
        path: 'legacy.database',
        code: 'FICUS_ARM_WRITTEN_INSIDE',
        message:
          'Trigger “on Order” of “public.Or der” on the legacy writes “public.No"te”: once another database owns it, the statements on “public.Or der” that cause such a write fail with the fence’s error. That is a guess, by the text of function “public.write”.',
        remedySql: 'DROP TRIGGER "on Order" ON "public"."Or der"; -- once the service does what it did',
      },
    ]);
    await pair!.source.query(findings[0]!.remedySql!);
    expect(await look()).toEqual([
      expect.stringContaining('Function “public.write” of the legacy seems to write'),
    ]);
  });

  test('through functions that it calls', async () => {
    await start(`CREATE FUNCTION deep() RETURNS void LANGUAGE sql AS $$ INSERT INTO "No""te" VALUES (1) $$;
      CREATE FUNCTION middle() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM deep(); END $$;
      ${writer('PERFORM middle();')} ${TRIGGER} write()`);
    expect(await look()).toEqual([
      expect.stringMatching(/^Trigger “on Order”.*by the text of function “public.deep”/),
      expect.stringMatching(/^Function “public.deep”/),
      expect.stringMatching(/^Function “public.middle”/),
    ]);
  });

  test('a function of standard SQL', async () => {
    await start(
      `CREATE FUNCTION deep() RETURNS void BEGIN ATOMIC INSERT INTO "No""te" VALUES (1); END; ${writer('PERFORM deep();')} ${TRIGGER} write()`,
    );
    expect(await look()).toEqual([expect.stringMatching(/^Trigger/), expect.stringMatching(/^Function/)]);
  });

  test('no reader, no comment, no other table, no trigger that is off, no trigger of its own', async () => {
    await start(`CREATE TABLE "No""te2" (id int); ${writer(`PERFORM * FROM "No""te"; -- INSERT INTO "No""te"
      /* DELETE FROM "No""te" */ INSERT INTO "No""te2" SELECT id FROM "No""te"; UPDATE "Or der" SET state = 'a' FROM "No""te";`)} ${TRIGGER} write();
      CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER own BEFORE INSERT ON "No""te" FOR EACH ROW EXECUTE FUNCTION own()`);
    expect(await look()).toEqual([]);
    await pair!.source.query(
      `${writer('DELETE FROM "No""te";', 'off')} CREATE TRIGGER off AFTER INSERT ON "Or der" EXECUTE FUNCTION off(); ALTER TABLE "Or der" DISABLE TRIGGER off`,
    );
    expect(await look()).toEqual([expect.stringMatching(/^Function “public.off”/)]);
  });
});

test('rules of other tables and views are known by their dependencies', async () => {
  await start(`CREATE VIEW "all" AS SELECT * FROM "No""te"; CREATE RULE "in" AS ON INSERT TO "all" DO INSTEAD INSERT INTO "No""te" VALUES (NEW.id);
    CREATE RULE log AS ON UPDATE TO "Or der" DO ALSO DELETE FROM "No""te" WHERE id = OLD.id`);
  const findings = await pair!.look(['FICUS_ARM_WRITTEN_INSIDE']);
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^Rule “log” of “public.Or der” on the legacy writes “public.No"te”: once.*error\.$/,
    ),
    expect.stringMatching(/^Rule “in” of “public.all” on the legacy writes/),
  ]);
  for (const { remedySql } of findings) await pair!.source.query(remedySql!);
  expect(await look()).toEqual([]);
});

test('foreign keys to tables outside that act, and those alone', async () => {
  await start(`ALTER TABLE "No""te" ADD a int REFERENCES "Or der" ON DELETE CASCADE, ADD b int CONSTRAINT "b key" REFERENCES "Or der" ON DELETE SET NULL ON UPDATE CASCADE,
    ADD c int REFERENCES "Or der" ON DELETE RESTRICT, ADD d int REFERENCES "No""te" ON DELETE CASCADE`);
  await pair!.target.query('ALTER TABLE note ADD a int, ADD b int, ADD c int, ADD d int');
  const findings = await pair!.look(['FICUS_ARM_WRITTEN_INSIDE']);
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /“No"te_a_fkey” of “public.No"te”.*\(ON DELETE CASCADE\).*each DELETE in “public.Or der” fails/,
    ),
    expect.stringMatching(
      /“b key”.*\(ON DELETE SET NULL ON UPDATE CASCADE\).*each DELETE and each UPDATE of the key in/,
    ),
  ]);
  for (const { remedySql } of findings) await pair!.source.query(remedySql!);
  expect(await look()).toEqual([]);
});

test('of the candidate for a rollback, and not for a cutover', async () => {
  await start('');
  await pair!.target.query(
    'CREATE TABLE own (id int PRIMARY KEY); ALTER TABLE note ADD own int REFERENCES own ON DELETE CASCADE',
  );
  expect(await look()).toEqual([]);
  const back = await pair!.look(['FICUS_ARM_WRITTEN_INSIDE'], 'rollback');
  expect(back).toMatchObject([
    { path: 'slices.facts.candidate.database', message: expect.stringContaining('on the candidate acts') },
  ]);
});

/** @param steps of the monolith's schema */
const startSampleSchema = async (...steps: string[]) => {
  const folder = join(import.meta.dirname, '../../../../legacy-monolith/database/schema');
  pair = await createArmPair(
    inject('postgresPort'),
    steps.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n'),
    'CREATE TABLE notification (id bigint PRIMARY KEY)',
    [{ from: 'notifications', to: 'notification', columns: { id: 'id' } }],
  );
};

describe('in the sample', () => {
  const BEFORE = ['001-tables.sql', '002-order-notifications.sql'];

  test('a trigger on orders notified customers', async () => {
    await startSampleSchema(...BEFORE);
    expect(await look()).toEqual([
      expect.stringMatching(
        /^Trigger “orders_announce_placed” of “public.orders” on the legacy writes “public.notifications”.*“public.announce_order_state”/,
      ),
      expect.stringMatching(/^Trigger “orders_announce_state” of “public.orders”/),
      expect.stringMatching(
        /^Foreign key “notifications_customer_id_fkey” of “public.notifications”.*“public.customers”/,
      ),
      expect.stringMatching(/^Foreign key “notifications_order_id_fkey”/),
    ]);
  });

  test('nothing does since orders only ask for notifications', async () => {
    await startSampleSchema(...BEFORE, '003-notification-requests.sql');
    expect(await look()).toEqual([]);
  });
});
