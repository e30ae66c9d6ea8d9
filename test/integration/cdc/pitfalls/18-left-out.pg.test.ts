/**
 * Pitfall 18: a trigger or a rule of the service leaves out a row that the stream writes. PostgreSQL reports it like a row
 * that was never there, and the stream would stay healthy while rows are lost.
 */
import { afterEach, expect, inject, test } from 'vitest';
import { preflightSlice } from '../../../../cdc/preflight/preflight-slice.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const ITEM = 'CREATE TABLE item (id int PRIMARY KEY, place int)';
const SAME = [{ from: 'item', to: 'item' }];

const begin = async (given: { table?: string; tables?: readonly unknown[]; target?: string } = {}) => {
  const { table = ITEM, tables = SAME, target = '' } = given;
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql: `${table}; INSERT INTO item (id, place) SELECT i, i FROM generate_series(1, 10) i`,
    targetSql: `${table}; ${target}`,
    tables,
    options: { settings: { retryMs: 50 } },
  });
  return pair;
};

const trigger = (when: string, body = 'RETURN NULL;') => `
  CREATE FUNCTION own_rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
  CREATE TRIGGER own_rule BEFORE ${when} ON item FOR EACH ROW EXECUTE FUNCTION own_rule();
  ALTER TABLE item ENABLE ALWAYS TRIGGER own_rule`;
const rule = (on: string) =>
  `CREATE RULE own_rule AS ON ${on} TO item DO INSTEAD NOTHING; ALTER TABLE item ENABLE ALWAYS RULE own_rule`;
/** Rows of the first copy pass. */
const NEW_ROWS = 'IF NEW.id > 10 THEN RETURN NULL; END IF; RETURN NEW;';
const BODIES = { INSERT: NEW_ROWS, UPDATE: 'RETURN NULL;', DELETE: 'RETURN NULL;' };
const NO_TRIGGER = 'ALTER TABLE item DISABLE TRIGGER own_rule';
const NO_RULE = 'DROP RULE own_rule ON item';

const CHANGES = {
  INSERT: 'INSERT INTO item (id, place) SELECT i, i FROM generate_series(11, 20) i',
  UPDATE: 'UPDATE item SET place = -place',
  DELETE: 'DELETE FROM item',
};
const KEYED = ITEM;
const KEYLESS = 'CREATE TABLE item (id int, place int); ALTER TABLE item REPLICA IDENTITY FULL';
const PARTITIONED = `CREATE TABLE item (id int PRIMARY KEY, place int) PARTITION BY RANGE (id);
  CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM (0) TO (100)`;
const SOME = [{ from: 'item', to: 'item', rows: 'place <> 3' }];

test.each([
  ...(['INSERT', 'UPDATE', 'DELETE'] as const).flatMap((on) => [
    {
      on,
      by: 'trigger',
      of: 'a table',
      table: KEYED,
      tables: SAME,
      own: trigger(on, BODIES[on]),
      fix: NO_TRIGGER,
    },
    { on, by: 'rule', of: 'a table', table: KEYED, tables: SAME, own: rule(on), fix: NO_RULE },
  ]),
  {
    on: 'INSERT' as const,
    by: 'trigger',
    of: 'a table in part',
    table: KEYED,
    tables: SOME,
    own: trigger('INSERT', NEW_ROWS),
    fix: NO_TRIGGER,
  },
  {
    on: 'UPDATE' as const,
    by: 'trigger',
    of: 'a table in part',
    table: KEYED,
    tables: SOME,
    own: trigger('UPDATE'),
    fix: NO_TRIGGER,
  },
  {
    on: 'INSERT' as const,
    by: 'trigger',
    of: 'a table without a key',
    table: KEYLESS,
    tables: SAME,
    own: trigger('INSERT', NEW_ROWS),
    fix: NO_TRIGGER,
  },
  {
    on: 'DELETE' as const,
    by: 'trigger',
    of: 'a table without a key',
    table: KEYLESS,
    tables: SAME,
    own: trigger('DELETE'),
    fix: NO_TRIGGER,
  },
  ...['trigger', 'rule'].map((by) => ({
    on: 'UPDATE' as const,
    by,
    of: 'a table without a key, as a DELETE,',
    table: KEYLESS,
    tables: SAME,
    own: by === 'rule' ? rule('DELETE') : trigger('DELETE'),
    fix: by === 'rule' ? NO_RULE : NO_TRIGGER,
  })),
  {
    on: 'INSERT' as const,
    by: 'trigger',
    of: 'a partition',
    table: PARTITIONED,
    tables: SAME,
    own: trigger('INSERT', NEW_ROWS).replaceAll('item ', 'item_1 '),
    fix: NO_TRIGGER.replace('item', 'item_1'),
  },
])('an $on that a $by of $of leaves out stops the stream', async ({ on, by, table, tables, own, fix }) => {
  const { source, target, replication, settle, verify } = await begin({ table, tables, target: own });
  await settle();
  await source.query(CHANGES[on]);
  await expect
    .poll(() => replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: {
        code: 'FICUS_CDC_LEFT_OUT',
        message: expect.stringContaining(`${by} “own_rule”`),
        remedy: expect.stringContaining('mayLeaveOut'),
      },
    });
  await target.query(fix);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match', differences: [] });
  expect(replication.status()).toMatchObject({ state: 'streaming', missingDeletes: 0 });
});

test('the row and what leaves it out are named', async () => {
  const { source, target, replication, settle } = await begin({
    target: trigger('INSERT', 'IF NEW.id = 13 THEN RETURN NULL; END IF; RETURN NEW;'),
  });
  await settle();
  await source.query(CHANGES.INSERT);
  await expect
    .poll(() => replication.status().problem?.message)
    .toMatch(
      /^The insert of public\.item \(id=13\).* is left out on the target: trigger “own_rule” of public\.item/,
    );
  expect((await target.query('SELECT FROM item WHERE id > 10')).rowCount).toBe(0);
});

test.each([
  ['', SAME],
  [
    ' of computed rows',
    [{ from: 'item', to: 'item', columns: { id: 'id', place: { sql: 'place', from: ['place'] } } }],
  ],
])('a row%s of the first copy that is left out stops the stream', async (_, tables) => {
  const { target, replication, settle, verify } = await begin({
    tables,
    target: trigger('INSERT', 'IF NEW.id = 3 THEN RETURN NULL; END IF; RETURN NEW;'),
  });
  await expect
    .poll(() => replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: {
        code: 'FICUS_CDC_LEFT_OUT',
        message: expect.stringContaining('1 of 10 rows of public.item'),
      },
    });
  await target.query(NO_TRIGGER);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('where the mapping allows it, the stream continues', async () => {
  const { source, target, replication, settle } = await begin({
    tables: [{ from: 'item', to: 'item', mayLeaveOut: true }],
    target: trigger('INSERT OR UPDATE', 'IF NEW.id % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW;'),
  });
  await settle();
  for (const change of Object.values(CHANGES)) await source.query(change);
  await source.query(CHANGES.INSERT);
  await settle();
  expect(replication.status()).toMatchObject({ state: 'streaming', problem: undefined, missingDeletes: 0 });
  expect((await target.query('SELECT FROM item')).rowCount).toBe(5);
});

test.each([
  { that: 'changes rows', body: 'NEW.place = NEW.place; RETURN NEW;', also: '' },
  {
    that: 'puts rows elsewhere, where the table still shows them,',
    body: 'INSERT INTO item_new VALUES (NEW.*); RETURN NULL;',
    also: 'CREATE TABLE item_new (PRIMARY KEY (id)) INHERITS (item);',
  },
])('a trigger that $that leaves out none', async ({ body, also }) => {
  const { source, replication, settle, verify } = await begin({
    target: `${also} ${trigger('INSERT', `IF NEW.id < 11 THEN RETURN NEW; END IF; ${body}`)}`,
  });
  await settle();
  const codes = new Set<string | undefined>();
  replication.subscribe(({ problem }) => codes.add(problem?.code));
  await source.query(CHANGES.INSERT);
  await source.query('INSERT INTO item VALUES (30, 1); DELETE FROM item WHERE id = 30');
  // More than one statement takes.
  await source.query('INSERT INTO item SELECT n, 1 FROM generate_series(1001, 26000) AS n');
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match', differences: [] });
  expect(replication.status()).toMatchObject({ state: 'streaming', problem: undefined });
  expect(codes).not.toContain('FICUS_CDC_LEFT_OUT');
});

const LARGE =
  'CREATE TABLE item (id int PRIMARY KEY, place int, body text); ALTER TABLE item ALTER body SET STORAGE EXTERNAL';
const withBodies = async (target: string) => {
  const now = await begin({ table: LARGE, target });
  await now.settle();
  await now.source.query(`UPDATE item SET body = repeat('body', 2000)`);
  await now.settle();
  // The service deletes what the stream then changes without sending all of its values.
  await now.target.query('DELETE FROM item WHERE id = 3');
  return now;
};

test('a row that is not there is not one that a trigger leaves out: it may have removed it', async () => {
  const { source, target, replication, settle } = await withBodies(trigger('UPDATE', 'RETURN NEW;'));
  const codes = new Set<string | undefined>();
  replication.subscribe(({ problem }) => codes.add(problem?.code));
  await source.query('UPDATE item SET place = 100 WHERE id < 6');
  await source.query('UPDATE item SET id = 103 WHERE id = 3');
  await settle();
  expect(codes).toEqual(new Set([undefined]));
  expect((await target.query('SELECT id FROM item WHERE place = 100 ORDER BY id')).rows).toEqual(
    [1, 2, 4, 5].map((id) => ({ id })),
  );
});

test.each([
  ['all values', 'UPDATE item SET place = 100, body = NULL WHERE id < 6'],
  ['changed values', 'UPDATE item SET place = 100 WHERE id < 6'],
  ['changed values and another key', 'UPDATE item SET id = 103 WHERE id = 3'],
])('a row that is not there, beside a rule that leaves out none, is a conflict: %s', async (_, change) => {
  const { source, target, replication, settle, verify } = await withBodies(
    rule('UPDATE').replace('item DO', 'item WHERE NEW.id = 50 DO'),
  );
  await source.query(change);
  await expect
    .poll(() => replication.status())
    .toMatchObject({
      state: 'stopped',
      problem: {
        code: 'FICUS_CDC_CONFLICT',
        message: expect.stringContaining('public.item (id=3) is not on the target'),
      },
    });
  await target.query(`INSERT INTO item VALUES (3, 3, repeat('body', 2000))`);
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match', differences: [] });
});

test.each([
  ['leaves out', 'RETURN NULL;'],
  ['removes and leaves out', 'DELETE FROM item WHERE id = NEW.id; RETURN NULL;'],
])('of rows that are there, beside one that is not, the one that a trigger %s is named', async (_, body) => {
  const { source, replication } = await withBodies(
    trigger('UPDATE', `IF NEW.place = 100 AND NEW.id = 4 THEN ${body} END IF; RETURN NEW;`),
  );
  await source.query('UPDATE item SET place = 100 WHERE id < 6');
  await expect
    .poll(() => replication.status().problem?.message)
    .toMatch(/^The update of public\.item \(id=4\).* is left out on the target: trigger “own_rule”/);
});

test.each([
  ['stops the stream', SAME],
  ['mayLeaveOut', [{ from: 'item', to: 'item', mayLeaveOut: true }]],
])('the preflight names what may leave out rows, and what follows: %s', async (follows, tables) => {
  const { sourceUrl, targetUrl } = await begin({
    tables,
    target: `${trigger('INSERT', 'RETURN NEW;')};
      CREATE TRIGGER after_it AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION own_rule();
      ALTER TABLE item ENABLE ALWAYS TRIGGER after_it; CREATE TRIGGER ordinary BEFORE INSERT ON item
      FOR EACH ROW EXECUTE FUNCTION own_rule()`,
  });
  const findings = await preflightSlice({
    slice: 'facts',
    tables: parseConfigTables(tables),
    sourceUrl,
    targetUrl,
  });
  expect(findings.filter(({ code }) => code === 'FICUS_CDC_LEFT_OUT')).toMatchObject([
    {
      severity: 'warning',
      message: expect.stringMatching(`^Trigger “own_rule” of “public.item” .*${follows}`),
    },
  ]);
});
