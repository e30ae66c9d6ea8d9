/** Triggers of the old owner that the stream back will not fire: what they keep elsewhere stands still after the change of owner. */
import { afterEach, expect, inject, test } from 'vitest';
import { type ArmPair, createArmPair } from './arm-pair.ts';

let pair: ArmPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const BODY = (text: string) => `RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${text} RETURN NEW; END $$`;
const LEGACY = `CREATE TABLE "No te" (id int PRIMARY KEY, seen_at timestamptz); CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE tally (n int);
  CREATE FUNCTION tally() ${BODY('UPDATE tally SET n = n + 1;')};
  CREATE FUNCTION tell() ${BODY("PERFORM pg_notify('notes', NEW.id::text);")};
  CREATE FUNCTION stamp() ${BODY('NEW.seen_at := now();')};
  CREATE TRIGGER "co unt" AFTER INSERT ON "No te" FOR EACH ROW EXECUTE FUNCTION tally();
  CREATE TRIGGER tell BEFORE INSERT ON "No te" FOR EACH ROW EXECUTE FUNCTION tell();
  CREATE TRIGGER stamp BEFORE UPDATE ON "No te" FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TRIGGER off AFTER INSERT ON "No te" EXECUTE FUNCTION tally(); ALTER TABLE "No te" DISABLE TRIGGER off;
  CREATE TRIGGER always AFTER INSERT ON "No te" EXECUTE FUNCTION tally(); ALTER TABLE "No te" ENABLE ALWAYS TRIGGER always;
  CREATE TRIGGER elsewhere AFTER INSERT ON other EXECUTE FUNCTION tally()`;
const CANDIDATE = 'CREATE TABLE note (id int PRIMARY KEY, seen_at timestamptz)';

const start = async (legacy = LEGACY) =>
  (pair = await createArmPair(inject('postgresPort'), legacy, CANDIDATE, [
    { from: 'public."No te"', to: 'note' },
  ]));
const names = async (operation?: 'cutover' | 'rollback', role?: string) =>
  (await pair!.look(['FICUS_ARM_TRIGGER'], operation, role)).map(
    ({ message }) => /“([^”]*)”/.exec(message)?.[1],
  );

test('those that act elsewhere are named; one that only changes its row, or runs for the stream as well, is not', async () => {
  await start();
  const findings = await pair!.look(['FICUS_ARM_TRIGGER']);
  expect(findings).toMatchObject([
    {
      severity: 'warning',
      path: 'legacy.database',
      message: expect.stringContaining('Trigger “co unt” of “public.No te” on the legacy no longer runs'),
    },
    { message: expect.stringContaining('Trigger “tell”') },
  ]);
  for (const { remedySql } of findings) await pair!.source.query(remedySql!);
  expect(await names()).toEqual([]);
  // The candidate has none, so the way back has nothing to say.
  expect(await names('rollback')).toEqual([]);
});

test('of a partitioned table once, not for each partition', async () => {
  await start(`CREATE TABLE "No te" (id int PRIMARY KEY, seen_at timestamptz) PARTITION BY RANGE (id);
    CREATE TABLE note_1 PARTITION OF "No te" FOR VALUES FROM (0) TO (9); CREATE TABLE tally (n int);
    CREATE FUNCTION tally() ${BODY('UPDATE tally SET n = n + 1;')};
    CREATE TRIGGER count AFTER INSERT ON "No te" FOR EACH ROW EXECUTE FUNCTION tally()`);
  expect(await names()).toEqual(['count']);
});
