/**
 * Tables that are altered under a running stream, without a row that would show it. What would make the target differ
 * silently stops the stream and is named; what is harmless does not, and rows of afterwards arrive.
 */
import { afterEach, describe, expect, inject, test } from 'vitest';
import { released } from '../rig/released.ts';
import { type StreamedPair, startStreamedPair } from '../rig/streamed-pair.ts';

let pair: StreamedPair | undefined;
afterEach(async () => {
  await pair?.drop();
  pair = undefined;
});

const TYPES = `CREATE TYPE color AS ENUM ('red', 'green'); CREATE DOMAIN shade AS color;`;
const TABLE = `CREATE TABLE car (id int PRIMARY KEY, name varchar(20), price numeric(8,2), wheels int, paint color,
  paints color[], under shade);`;
const MAPPED = {
  from: 'car',
  to: 'car',
  columns: {
    id: 'id',
    name: 'name',
    price: 'price',
    wheels: 'wheels',
    paint: 'paint',
    paints: 'paints',
    under: 'under',
  },
};

interface Given {
  readonly sourceSql?: string;
  readonly targetSql?: string;
  readonly tables?: readonly unknown[];
}

async function start(given: Given = {}): Promise<StreamedPair> {
  pair = await startStreamedPair(inject('postgresPort'), {
    sourceSql:
      given.sourceSql ??
      `${TYPES} ${TABLE} INSERT INTO car VALUES (1, 'one', 1.25, 4, 'red', '{red}', 'red')`,
    targetSql: given.targetSql ?? `${TYPES} ${TABLE}`,
    tables: given.tables ?? [MAPPED],
    options: { settings: { slotCheckMs: 50, retryMs: 50 } },
  });
  await pair.settle();
  return pair;
}

interface Change extends Given {
  readonly source?: string;
  readonly target?: string;
  readonly code?: string;
  readonly says?: string;
}

const PARTITIONED = `CREATE TABLE trip (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE trip_1 PARTITION OF trip DEFAULT;`;
const TRIP = { tables: [{ from: 'trip', to: 'trip' }], targetSql: 'CREATE TABLE trip (id int PRIMARY KEY)' };
const SWAP =
  'CREATE TABLE car_new (LIKE car INCLUDING ALL); ALTER TABLE car RENAME TO car_old; ALTER TABLE car_new RENAME TO car';

const EXCHANGE = `ALTER TYPE color RENAME VALUE 'red' TO 'x'; ALTER TYPE color RENAME VALUE 'green' TO 'red'; ALTER TYPE color RENAME VALUE 'x' TO 'green'`;
const STALL = `CREATE TYPE side AS ENUM ('left', 'right'); CREATE TYPE spot AS (at side, code text);
  CREATE DOMAIN spots AS spot[]; CREATE TABLE stall (id int PRIMARY KEY, spots spots);`;
const PLACED = {
  tables: [{ from: 'stall', to: 'stall' }],
  sourceSql: `${STALL} INSERT INTO stall VALUES (1, ARRAY[ROW('left', 'a')::spot])`,
  targetSql: STALL,
};

const HARM: Readonly<Record<string, Change>> = {
  'the source’s table is swapped by name': {
    source: SWAP,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'public.car is public.car_old now: it was renamed, and another table has taken its name',
  },
  'the source’s table is renamed': {
    source: 'ALTER TABLE car RENAME TO vehicle',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'public.car is public.vehicle now',
  },
  'the source’s table moves to another schema': {
    source: 'CREATE SCHEMA old; ALTER TABLE car SET SCHEMA old',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'public.car is old.car now',
  },
  'the source’s table is dropped and created again': {
    source: `DROP TABLE car; ${TABLE}`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'public.car was dropped and created again',
  },
  'another table inherits from the source’s': {
    source: 'CREATE TABLE van () INHERITS (car)',
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: 'inherit from “public.car”',
  },
  'a partition of the source becomes unlogged': {
    ...TRIP,
    sourceSql: PARTITIONED,
    source: 'ALTER TABLE trip_1 SET UNLOGGED',
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: 'partition public.trip_1 of “public.trip” is unlogged',
  },
  'a partition is attached with its rows': {
    ...TRIP,
    sourceSql: PARTITIONED,
    source: `CREATE TABLE trip_2 (LIKE trip); INSERT INTO trip_2 VALUES (12); ALTER TABLE trip ATTACH PARTITION trip_2 FOR VALUES FROM (10) TO (20)`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Partition trip_2 was attached to public.trip with rows that it had before',
  },
  'a partition is detached, changed, and attached again': {
    ...TRIP,
    sourceSql: `${PARTITIONED} INSERT INTO trip VALUES (1), (2)`,
    source: `ALTER TABLE trip DETACH PARTITION trip_1; DELETE FROM trip_1 WHERE id = 1; ALTER TABLE trip ATTACH PARTITION trip_1 DEFAULT`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Partition trip_1 was attached to public.trip',
  },
  'a label of the source’s enum is renamed': {
    source: `ALTER TYPE color RENAME VALUE 'red' TO 'crimson'`,
    target: `ALTER TYPE color ADD VALUE 'crimson'`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Label “red” of column “paint” of public.car was renamed',
  },
  'a label of an array’s enum is renamed': {
    tables: [{ from: 'car', to: 'car', columns: { id: 'id', paints: 'paints' } }],
    source: `ALTER TYPE color RENAME VALUE 'green' TO 'lime'`,
    target: `ALTER TYPE color ADD VALUE 'lime'`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Label “green” of column “paints”',
  },
  'two labels of the source’s enum exchange their names': {
    source: EXCHANGE,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Label “red” of column “paint” of public.car was renamed',
  },
  'a label of the source’s enum is renamed, and another one gets its name': {
    source: `ALTER TYPE color RENAME VALUE 'red' TO 'crimson'; ALTER TYPE color ADD VALUE 'red'`,
    target: `ALTER TYPE color ADD VALUE 'crimson'`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Label “red” of column “paint” of public.car was renamed',
  },
  'two labels of the service’s enum exchange their names': {
    target: EXCHANGE,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Label “red” of column “paint” of public.car on the target was renamed',
  },
  'an attribute of the source’s type is dropped and added again': {
    ...PLACED,
    source: 'ALTER TYPE spot DROP ATTRIBUTE code; ALTER TYPE spot ADD ATTRIBUTE code text',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Attribute “code” of column “spots” of public.stall was dropped',
  },
  'an attribute of the service’s type is dropped and added again': {
    ...PLACED,
    target: 'ALTER TYPE spot DROP ATTRIBUTE code; ALTER TYPE spot ADD ATTRIBUTE code text',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Attribute “code” of column “spots” of public.stall on the target was dropped',
  },
  'a label within an attribute of the source’s type is renamed': {
    ...PLACED,
    source: `ALTER TYPE side RENAME VALUE 'left' TO 'port'`,
    target: `ALTER TYPE side ADD VALUE 'port'`,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Label “left” of column “spots” of public.stall was renamed',
  },
  'the source’s enum gets a label that the target’s lacks': {
    source: `ALTER TYPE color ADD VALUE 'blue'`,
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: 'lacks the labels “blue”',
  },
  'a generated column of the source becomes a plain one': {
    sourceSql: 'CREATE TABLE car (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED)',
    targetSql: 'CREATE TABLE car (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED)',
    tables: [{ from: 'car', to: 'car' }],
    source: 'ALTER TABLE car ALTER twice DROP EXPRESSION',
    target: 'ALTER TABLE car ALTER twice DROP EXPRESSION',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “twice” of public.car was generated',
  },
  'the source computes a column again, and its type stays': {
    source: 'ALTER TABLE car ALTER wheels TYPE int USING wheels * 2',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “wheels” of public.car was altered, and all rows were written again',
  },
  'the source computes a column of its partitions again': {
    ...TRIP,
    targetSql: 'CREATE TABLE trip (id int PRIMARY KEY, km int)',
    sourceSql: `${PARTITIONED} ALTER TABLE trip ADD km int; INSERT INTO trip VALUES (1, 1)`,
    source: 'ALTER TABLE trip ALTER km TYPE int USING km * 2',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “km” of public.trip was altered',
  },
  'a type of the source changes, and changes back': {
    source: 'ALTER TABLE car ALTER price TYPE int; ALTER TABLE car ALTER price TYPE numeric(8,2)',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “price” of public.car',
  },
  'the service computes a column again, and its type stays': {
    target: 'ALTER TABLE car ALTER name TYPE varchar(20) USING upper(name)',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “name” of public.car on the target was altered',
  },
  'the service renames a mapped column': {
    target: 'ALTER TABLE car RENAME name TO title',
    code: 'FICUS_CDC_TABLE_MISSING',
    says: 'there is no column “name” in the target table “public.car”',
  },
  'the service drops a mapped column': {
    target: 'ALTER TABLE car DROP price',
    code: 'FICUS_CDC_TABLE_MISSING',
    says: 'no column “price”',
  },
  'the service drops a mapped column and adds it again': {
    target: 'ALTER TABLE car DROP price; ALTER TABLE car ADD price numeric(8,2)',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “price” of public.car on the target was dropped and added again',
  },
  'two columns of the service exchange their names': {
    target: 'ALTER TABLE car RENAME name TO x; ALTER TABLE car ADD name varchar(20)',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'Column “name” of public.car on the target',
  },
  'the service cuts off digits': {
    target: 'ALTER TABLE car ALTER price TYPE numeric(8,1)',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'from numeric(8,2) to numeric(8,1)',
  },
  'the service cuts off texts': {
    target: 'ALTER TABLE car ALTER name TYPE varchar(2) USING name::varchar(2)',
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'from character varying(20) to character varying(2)',
  },
  'the service adds a column that must not be null': {
    target: `ALTER TABLE car ADD owner text NOT NULL DEFAULT ''; ALTER TABLE car ALTER owner DROP DEFAULT`,
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: 'the target column “owner” must not be null and has no default',
  },
  'the service’s table is swapped by name': {
    target: SWAP,
    code: 'FICUS_CDC_SCHEMA_CHANGED',
    says: 'public.car on the target is public.car_old now',
  },
  'the service’s table becomes unlogged': {
    target: 'ALTER TABLE car SET UNLOGGED',
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: '“public.car” is unlogged: a crash of the target would empty it',
  },
  'the service drops the key': {
    target: 'ALTER TABLE car DROP CONSTRAINT car_pkey',
    code: 'FICUS_CDC_MAPPING_INVALID',
    says: 'neither a primary key nor',
  },
  'the publication leaves out updates for a moment': {
    source: `ALTER PUBLICATION ficus_facts SET (publish = 'insert'); UPDATE car SET wheels = 3;
      ALTER PUBLICATION ficus_facts SET (publish = 'insert, update, delete, truncate')`,
    code: 'FICUS_CDC_PUBLICATION_GAP',
    says: 'were changed and changed back',
  },
};

const SEPARATOR = /;\s*(?=(?:ALTER|CREATE|DROP|UPDATE|REINDEX|ANALYZE)\b)/;

/** One statement each: ADD VALUE takes no part in a transaction. */
async function runEach(client: StreamedPair['source'], sql = ''): Promise<void> {
  for (const statement of sql.split(SEPARATOR)) if (statement.trim()) await client.query(statement);
}

describe('while the stream runs', () => {
  test.each(Object.entries(HARM))('%s', async (_name, change) => {
    const { source, target, replication } = await start(change);
    await runEach(target, change.target);
    await runEach(source, change.source);
    await expect.poll(() => replication.status().problem?.message).toContain(change.says);
    expect(replication.status()).toMatchObject({ state: 'stopped', problem: { code: change.code } });
  });
});

describe('while no stream runs', () => {
  test.each(Object.entries(HARM))('%s', async (_name, change) => {
    const { source, target, replication } = await start(change);
    await replication.stop();
    await released(source);
    await runEach(target, change.target);
    await runEach(source, change.source);
    await replication.start();
    expect(replication.status()).toMatchObject({
      state: 'stopped',
      problem: { code: change.code, message: expect.stringContaining(change.says!) },
    });
  });
});

const HARMLESS: Readonly<Record<string, Change>> = {
  'the service adds columns of its own': {
    target: `ALTER TABLE car ADD note text; ALTER TABLE car ADD score int NOT NULL DEFAULT 0`,
  },
  'the service widens types': {
    target:
      'ALTER TABLE car ALTER wheels TYPE bigint; ALTER TABLE car ALTER name TYPE text; ALTER TABLE car ALTER price TYPE numeric(12,4)',
  },
  'the service adds a unique index': { target: 'CREATE UNIQUE INDEX by_name ON car (name, id)' },
  'the service adds a trigger': {
    target: `CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE INSERT ON car FOR EACH ROW EXECUTE FUNCTION note()`,
  },
  'types of the source are renamed and moved': {
    source: 'CREATE SCHEMA kinds; ALTER TYPE color SET SCHEMA kinds; ALTER DOMAIN shade RENAME TO tint',
  },
  'both enums get a label': {
    target: `ALTER TYPE color ADD VALUE 'blue' BEFORE 'red'`,
    source: `ALTER TYPE color ADD VALUE 'blue'`,
  },
  'the source adds a column that is not mapped': { source: 'ALTER TABLE car ADD secret text' },
  'the source adds an index': { source: 'CREATE UNIQUE INDEX by_price ON car (price)' },
  'the source’s table is rewritten': { source: 'VACUUM FULL car; REINDEX TABLE car; ANALYZE car' },
  'the identity becomes FULL': { source: 'ALTER TABLE car REPLICA IDENTITY FULL' },
  'the publication changes its owner': {
    source: `DO $$ BEGIN CREATE ROLE ficus_other_owner SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER PUBLICATION ficus_facts OWNER TO ficus_other_owner`,
  },
};

test.each(Object.entries(HARMLESS))('harmless: %s', async (_name, change) => {
  const { source, target, replication, settle, verify } = await start(change);
  const problems = new Set<string | undefined>();
  await runEach(target, change.target);
  await runEach(source, change.source);
  // It may wait for the session that alters the table, and say so; it never stops.
  replication.subscribe(({ state, problem }) =>
    problems.add(state === 'stopped' ? problem?.message : undefined),
  );
  await source.query(`INSERT INTO car (id, name, price, wheels, paint) VALUES (2, 'two', 2.5, 3, 'green')`);
  await source.query('UPDATE car SET wheels = 5 WHERE id = 1');
  await settle();
  // Whatever the watch has noticed by now, the stream has taken in: nothing is left to notice.
  await replication.stop();
  await released(source);
  await replication.start();
  await settle();
  expect([...problems]).toEqual([undefined]);
  await expect.poll(() => replication.status().problem).toBe(undefined);
  expect(await verify()).toMatchObject({ verdict: 'match', rowsCompared: { source: 2, target: 2 } });
});

test('changes from before another replica identity are not applied by the new one', async () => {
  const keys = 'CREATE TABLE part (id int NOT NULL UNIQUE, code int NOT NULL UNIQUE)';
  const { source, target, replication, settle, verify } = await start({
    sourceSql: `${keys}; ALTER TABLE part REPLICA IDENTITY USING INDEX part_id_key; INSERT INTO part VALUES (1, 10), (2, 20)`,
    targetSql: 'CREATE TABLE part (id int NOT NULL UNIQUE, code int NOT NULL UNIQUE)',
    tables: [{ from: 'part', to: 'part' }],
  });
  await replication.stop();
  await released(source);
  await source.query('DELETE FROM part WHERE id = 1');
  await source.query('ALTER TABLE part REPLICA IDENTITY USING INDEX part_code_key');
  await source.query('DELETE FROM part WHERE id = 2');
  await replication.start();
  await expect.poll(() => replication.status().problem?.message).toContain('do not carry “code”');
  expect((await target.query('SELECT FROM part')).rowCount).toBe(2);
  await source.query('ALTER TABLE part REPLICA IDENTITY FULL');
  await expect.poll(() => replication.status().problem?.message).toContain('do not carry');
  await replication.drop({ emptyTarget: true });
  await replication.start();
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});

test('the stream continues where it was once the alteration is undone', async () => {
  const { source, target, replication, settle, verify } = await start();
  await target.query('ALTER TABLE car RENAME name TO title');
  await expect.poll(() => replication.status().state).toBe('stopped');
  await source.query(`INSERT INTO car (id, name) VALUES (2, 'two')`);
  await target.query('ALTER TABLE car RENAME title TO name');
  await settle();
  expect(await verify()).toMatchObject({ verdict: 'match' });
});
