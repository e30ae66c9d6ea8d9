/** What `ficus remove` and `ficus uninstall` take away in the databases, what they leave, and how they continue. */
import { createControlClient } from '@ficus/contract';
import { type Control, loadRemoval, type Removal, type RemovalOutcome, startControl } from '@ficus/control';
import { configSchema, type FicusConfig, type FicusConfigInput } from '@ficus/core';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { CONTROL_SEQUENCES, CONTROL_TABLES, SLICE_ROWS } from '../../../control/removal/slice-rows.ts';
import { createTestDatabase, silent, type TestDatabase } from './rig.ts';

const { carryOut, checkLeftovers, openControlRecords, planRemoval } = await loadRemoval();

let source: TestDatabase;
let target: TestDatabase;
let state: TestDatabase;
let control: Control | undefined;

beforeEach(async () => {
  const port = inject('postgresPort');
  [source, target, state] = await Promise.all([
    createTestDatabase(port, 'source'),
    createTestDatabase(port, 'target'),
    createTestDatabase(port, 'state'),
  ]);
  for (const database of [source, target])
    for (const table of ['cart', 'wish'])
      await database.query(`CREATE TABLE ${table} (id int PRIMARY KEY, item text)`);
  await source.query(`INSERT INTO cart VALUES (1, 'lamp'), (2, 'desk')`);
});
afterEach(async () => {
  await control?.stop();
  control = undefined;
  await Promise.all([source, target, state].map((database) => database.drop()));
});

function configOf(names: readonly ('cart' | 'wish')[], over: Partial<FicusConfigInput> = {}): FicusConfig {
  const slices = Object.fromEntries(
    names.map((name) => [
      name,
      {
        candidate: { url: 'http://127.0.0.1:2', database: target.url },
        routes: [{ id: 'read', path: `/${name}` }],
        tables: [{ from: `public.${name}`, to: `public.${name}` }],
      },
    ]),
  );
  return configSchema.parse({
    version: 1,
    control: { listen: '127.0.0.1:0', database: state.url },
    legacy: { url: 'http://127.0.0.1:1', database: source.url },
    slices,
    ...over,
  });
}

/** Streams the slices until they are copied. */
async function run(config: FicusConfig): Promise<Control> {
  control = await startControl({ config, logger: silent });
  const client = createControlClient(control.address);
  for (const name of Object.keys(config.slices))
    await vi.waitUntil(async () => (await client.replication(name)).healthy, { timeout: 30_000 });
  return control;
}

async function plan(config: FicusConfig, slice: string | undefined, over: object = {}): Promise<Removal> {
  const records = await openControlRecords(state.url, true).catch(() => undefined);
  const wish = {
    config,
    slice,
    slot: undefined,
    candidateDatabase: undefined,
    actor: 'a tester',
    reason: '',
  };
  try {
    return await planRemoval({ ...wish, ...over }, records);
  } finally {
    await records?.close();
  }
}

const remove = async (
  config: FicusConfig,
  slice: string | undefined,
  over?: object,
): Promise<RemovalOutcome> => carryOut(await plan(config, slice, over), () => undefined);

async function left(): Promise<Record<string, unknown>> {
  const one = async (database: TestDatabase, sql: string) =>
    (await database.query(sql)).map((row) => Object.values(row)[0]);
  return {
    slots: await one(
      source,
      `SELECT regexp_replace(slot_name, '_[0-9a-f]{8}$', '') FROM pg_replication_slots WHERE database = current_database() ORDER BY 1`,
    ),
    publications: await one(source, 'SELECT pubname::text FROM pg_publication ORDER BY 1'),
    streams: await target.query('SELECT stream FROM ficus.checkpoint ORDER BY 1').then(
      (rows) => rows.map(({ stream }) => stream),
      () => 'no schema',
    ),
    schemas: await one(target, `SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'ficus%'`),
    rows: (await target.query('SELECT FROM cart')).length,
  };
}

test('a slice that has left the config goes, the others stay; with the last one goes the schema', async () => {
  const both = configOf(['cart', 'wish']);
  const running = await run(both);
  await createControlClient(running.address).setServe('cart', { percent: 0, reason: '' });
  await running.reload(configOf(['wish']));
  const { leftovers } = createControlClient(running.address);
  await vi.waitUntil(async () => (await leftovers()).length > 0, { timeout: 30_000 });

  expect(await remove(configOf(['wish']), 'cart')).toMatchObject({ complete: true });
  expect(await left()).toEqual({
    slots: ['ficus_wish'],
    publications: ['ficus_wish'],
    streams: ['wish/forward'],
    schemas: ['ficus'],
    rows: 2,
  });
  for (const [table, column] of Object.entries(SLICE_ROWS))
    expect(await state.query(`SELECT FROM ficus_control.${table} WHERE ${column} = 'cart'`)).toEqual([]);
  expect(await state.query(`SELECT actor FROM ficus_control.audit WHERE action = 'remove'`)).toEqual([
    { actor: 'a tester' },
  ]);
  // Removed beside the running control plane, which does not wait for its next look.
  expect(await leftovers()).toEqual([]);
  expect((await createControlClient(running.address).replication('wish')).healthy).toBe(true);

  await running.stop();
  expect(await remove(configOf(['wish']), 'wish')).toMatchObject({ complete: true });
  expect(await left()).toMatchObject({ slots: [], publications: [], schemas: [], rows: 2 });
});

test('every table of the control database that names slices is emptied, but the audit', async () => {
  await (await run(configOf(['cart']))).stop();
  const tables = await state.query(
    `SELECT table_name AS name FROM information_schema.columns
      WHERE table_schema = 'ficus_control' AND column_name = 'slice' AND table_name <> 'audit' ORDER BY 1`,
  );
  expect(
    Object.keys(SLICE_ROWS)
      .filter((table) => SLICE_ROWS[table] === 'slice')
      .sort(),
  ).toEqual(tables.map(({ name }) => name));
});

test('a check finds what a slice that left the config has left, with the control plane stopped', async () => {
  await (await run(configOf(['cart', 'wish']))).stop();
  expect(await checkLeftovers(configOf(['cart', 'wish']))).toEqual([]);
  expect(await checkLeftovers(configOf(['wish']))).toMatchObject([
    { slice: 'cart', remedy: 'ficus remove cart' },
  ]);
  await state.query('DROP SCHEMA ficus_control CASCADE');
  expect(await checkLeftovers(configOf(['wish']))).toMatchObject([{ slice: undefined }]);
});

test('a second run finds nothing left; a name that nothing knows is refused', async () => {
  await (await run(configOf(['cart']))).stop();
  await remove(configOf([]), 'cart');
  expect(await remove(configOf([]), 'cart')).toEqual({ steps: [], files: [], complete: true });
  await expect(remove(configOf([]), 'carr')).rejects.toMatchObject({ code: 'FICUS_SLICE_UNKNOWN' });
});

test('a slice whose stream runs is refused, and so is uninstalling beside a control plane', async () => {
  const config = configOf(['cart']);
  await run(config);
  await expect(remove(config, 'cart')).rejects.toMatchObject({ code: 'FICUS_REMOVE_IN_USE' });
  await expect(remove(configOf([]), 'cart')).rejects.toMatchObject({ code: 'FICUS_REMOVE_IN_USE' });
  await expect(remove(config, undefined)).rejects.toMatchObject({ code: 'FICUS_UNINSTALL_IN_USE' });
  expect(await left()).toMatchObject({ slots: ['ficus_cart'], streams: ['cart/forward'] });
});

test('a stream that starts after the plan keeps its slot, publication, checkpoint and records', async () => {
  const config = configOf(['cart']);
  await (await run(config)).stop();
  const before = await left();
  const removal = await plan(config, 'cart');
  const running = await run(config);
  const control = createControlClient(running.address);
  // Until the stream has its slot, a removal may.
  await vi.waitUntil(async () => (await control.replication('cart')).healthy, { timeout: 30_000 });

  const outcome = await carryOut(removal, () => undefined);
  expect(outcome.complete).toBe(false);
  expect(outcome.steps.map(({ part, outcome }) => [part.place, outcome])).toEqual([
    ['legacy', 'failed'],
    ['legacy', 'kept'],
    ['candidate', 'kept'],
    ['control', 'kept'],
  ]);
  expect(await left()).toEqual(before);
  await source.query(`INSERT INTO cart VALUES (3, 'sofa')`);
  await vi.waitUntil(async () => (await target.query('SELECT FROM cart')).length === 3, { timeout: 30_000 });
  expect((await control.replication('cart')).healthy).toBe(true);
});

test('a control database that does not answer: nothing is removed, as a control plane may be running', async () => {
  await (await run(configOf(['cart']))).stop();
  const before = await left();
  const name = new URL(state.url).pathname.slice(1);
  await source.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  for (const slice of ['cart', undefined])
    await expect(remove(configOf(['cart']), slice)).rejects.toMatchObject({
      code: slice === undefined ? 'FICUS_UNINSTALL_IN_USE' : 'FICUS_REMOVE_IN_USE',
      message: expect.stringContaining('control database cannot be reached'),
    });
  await source.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  expect(await left()).toEqual(before);
});

test('a look alone keeps no control plane out, and sees one that runs', async () => {
  const records = await openControlRecords(state.url, false);
  try {
    expect(records.running).toBeUndefined();
    await run(configOf(['cart']));
    const later = await openControlRecords(state.url, false);
    expect(later.running).toEqual(['cart']);
    await later.close();
  } finally {
    await records.close();
  }
});

test('a database that is away stops no other; the next run does the rest', async () => {
  await (await run(configOf(['cart']))).stop();
  await source.query(`ALTER DATABASE ${new URL(target.url).pathname.slice(1)} ALLOW_CONNECTIONS false`);
  const first = await remove(configOf([]), 'cart');
  expect(first).toMatchObject({ complete: false });
  expect(first.steps.map(({ part, outcome }) => [part.place, outcome])).toEqual([
    ['legacy', 'done'],
    ['legacy', 'done'],
    ['control', 'kept'],
  ]);
  await source.query(`ALTER DATABASE ${new URL(target.url).pathname.slice(1)} ALLOW_CONNECTIONS true`);
  expect(await remove(configOf([]), 'cart')).toMatchObject({ complete: true });
  expect(await left()).toMatchObject({ slots: [], publications: [], schemas: [] });
  expect(await state.query('SELECT FROM ficus_control.stream')).toEqual([]);
});

test('the SQL that is shown does the same by hand, also twice', async () => {
  await (await run(configOf(['cart']))).stop();
  const { parts } = await plan(configOf([]), 'cart');
  const places = { legacy: source, candidate: target, control: state };
  for (let times = 0; times < 2; times++)
    for (const { place, steps } of parts) for (const { sql } of steps) await places[place].query(sql);
  expect(await left()).toMatchObject({ slots: [], publications: [], schemas: [], rows: 2 });
  expect((await plan(configOf([]), 'cart')).parts.flatMap(({ steps }) => steps)).toEqual([]);
});

test('without the control database: what the config and the checkpoint know', async () => {
  const config = configOf(['cart']);
  await (await run(config)).stop();
  const { control: _, ...others } = config;
  const outcome = await carryOut(
    await planRemoval(
      {
        config: others as FicusConfig,
        slice: 'cart',
        slot: undefined,
        candidateDatabase: undefined,
        actor: '',
        reason: '',
      },
      undefined,
    ),
    () => undefined,
  );
  expect(outcome).toMatchObject({ complete: true });
  expect(await left()).toMatchObject({ slots: [], publications: [], schemas: [] });
});

test('another installation on the same source: its slot stays, and the publication that it reads', async () => {
  await (await run(configOf(['cart']))).stop();
  const theirs = await createTestDatabase(inject('postgresPort'), 'theirs');
  try {
    const slot = 'ficus_cart_00c0ffee';
    await source.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    expect(await remove(configOf([]), 'cart')).toMatchObject({ complete: true });
    expect(await left()).toMatchObject({ slots: ['ficus_cart'], publications: ['ficus_cart'], schemas: [] });
    const [found] = await source.query(
      'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()',
    );
    expect(found?.slot_name).toBe(slot);

    expect(await remove(configOf([]), 'cart', { slot })).toMatchObject({ complete: true });
    expect(await left()).toMatchObject({ slots: [] });
  } finally {
    await theirs.drop();
  }
});

test('a slot by name: only of the slice that is named, and only one that is there', async () => {
  await (await run(configOf(['cart', 'wish']))).stop();
  const [wish] = await state.query(`SELECT slot FROM ficus_control.stream WHERE slice = 'wish'`);
  const before = await left();
  await expect(remove(configOf(['cart', 'wish']), 'cart', { slot: wish?.slot })).rejects.toMatchObject({
    code: 'FICUS_USAGE',
    message: expect.stringContaining('recorded for wish'),
  });
  const names = { ficus_wish_0123abcd: 'FICUS_USAGE', ficus_cart_0123abcd: 'FICUS_SLOT_UNKNOWN' };
  for (const [slot, code] of Object.entries(names))
    await expect(remove(configOf(['cart', 'wish']), 'cart', { slot })).rejects.toMatchObject({ code });
  expect(await left()).toEqual(before);
});

test('a slot by name, while the slice runs: not that of its stream, but an older one', async () => {
  const config = configOf(['cart']);
  await run(config);
  const [recorded] = await state.query(`SELECT slot, source, target FROM ficus_control.stream`);
  const old = 'ficus_cart_0123abcd';
  await source.query(`SELECT pg_create_logical_replication_slot('${old}', 'pgoutput')`);
  await state.query(`INSERT INTO ficus_control.stream (slot, slice, publication, source, target)
    SELECT '${old}', slice, publication, source, target || '_before' FROM ficus_control.stream`);
  await expect(remove(config, 'cart', { slot: recorded?.slot })).rejects.toMatchObject({
    code: 'FICUS_REMOVE_IN_USE',
    message: expect.stringContaining('its stream uses slot'),
  });
  expect(await remove(config, 'cart', { slot: old })).toMatchObject({ complete: true });
  expect(await left()).toMatchObject({ slots: ['ficus_cart'] });
});

test('a publication of an administrator is named with its SQL, and counts as left', async () => {
  const role = `reader_${Date.now()}`;
  await source.query(`CREATE ROLE ${role} LOGIN REPLICATION; GRANT SELECT ON cart TO ${role};
    CREATE PUBLICATION ficus_cart FOR TABLE cart WITH (publish_via_partition_root = true)`);
  try {
    const asReader = {
      legacy: { url: 'http://127.0.0.1:1', database: source.url.replace('postgres@', `${role}@`) },
    };
    await (await run(configOf(['cart'], asReader))).stop();
    const removal = await plan(configOf([], asReader), 'cart');
    expect(removal.parts[0]?.remnants).toContainEqual(
      expect.objectContaining({ sql: 'DROP PUBLICATION IF EXISTS "ficus_cart";' }),
    );
    expect(await carryOut(removal, () => undefined)).toMatchObject({ complete: false });
    expect(await left()).toMatchObject({ slots: [], publications: ['ficus_cart'] });
    await source.query('DROP PUBLICATION ficus_cart');
    expect(await remove(configOf([], asReader), 'cart')).toMatchObject({ complete: true });
  } finally {
    await source.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

test('roles made by hand are named with SQL that an administrator can run, once no slice needs them', async () => {
  const role = `ficus_reader_${Date.now()}`;
  await source.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON cart TO ${role}`);
  await target.query(`GRANT INSERT ON cart TO ${role}`);
  const sqlOf = (removal: Removal) =>
    removal.parts.flatMap(({ remnants }) => remnants).find(({ what }) => what.includes(role))?.sql;
  try {
    await (await run(configOf(['cart', 'wish']))).stop();
    expect(sqlOf(await plan(configOf(['wish']), 'cart'))).toBeUndefined();
    const sql = sqlOf(await plan(configOf(['wish']), undefined));
    const [reassign, drop, last] = (sql ?? '').split('; ');
    await target.query(`${reassign}; ${drop}`);
    await source.query(`${reassign}; ${drop}; ${last}`);
    expect(await source.query(`SELECT FROM pg_roles WHERE rolname = '${role}'`)).toEqual([]);
    expect(await target.query('SELECT FROM cart')).toHaveLength(2);
  } finally {
    await source.query(`DROP ROLE IF EXISTS ${role}`).catch(() => undefined);
  }
});

test('uninstall takes all slices, also those that left the config, and the control plane’s schema', async () => {
  await (await run(configOf(['cart', 'wish']))).stop();
  expect(await remove(configOf(['wish']), undefined)).toMatchObject({ complete: true });
  expect(await left()).toMatchObject({ slots: [], publications: [], schemas: [], rows: 2 });
  expect(await state.query(`SELECT FROM pg_namespace WHERE nspname LIKE 'ficus%'`)).toEqual([]);
  expect((await plan(configOf([]), undefined)).parts.flatMap(({ steps }) => steps)).toEqual([]);
});

test('uninstall drops nothing that others have made: it names it, and continues once it is gone', async () => {
  await (await run(configOf(['cart']))).stop();
  await state.query(`CREATE SCHEMA report; CREATE VIEW report.owners AS SELECT name, owner FROM ficus_control.slice;
    CREATE TABLE ficus_control.note (id serial PRIMARY KEY, slice text REFERENCES ficus_control.slice (name))`);
  const removal = await plan(configOf(['cart']), undefined);
  const remnants = removal.parts.flatMap((part) => (part.place === 'control' ? part.remnants : []));
  const named = remnants.map(({ what }) => what).join('\n');
  for (const name of ['view report.owners', 'table ficus_control.note', 'note_slice_fkey'])
    expect(named).toContain(name);
  expect(named).not.toContain('audit_id_seq');

  expect(await carryOut(removal, () => undefined)).toMatchObject({ complete: false });
  expect((await state.query('SELECT FROM report.owners')).length).toBeGreaterThan(0);
  await state.query('DROP VIEW report.owners; DROP TABLE ficus_control.note');
  expect(await remove(configOf(['cart']), undefined)).toMatchObject({ complete: true });
  expect(await state.query(`SELECT FROM pg_namespace WHERE nspname = 'ficus_control'`)).toEqual([]);
});

test('the control plane’s own tables and sequences are all named, and nothing else counts as in the way', async () => {
  await (await run(configOf(['cart']))).stop();
  const found =
    await state.query(`SELECT relname AS name FROM pg_class WHERE relnamespace = 'ficus_control'::regnamespace
    AND (relkind = 'r' OR relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i')))
    ORDER BY 1`);
  expect(found.length).toBeGreaterThan(0);
  expect([...CONTROL_TABLES, ...CONTROL_SEQUENCES]).toEqual(
    expect.arrayContaining(found.map(({ name }) => name)),
  );
  const records = await openControlRecords(state.url, false);
  await records.close();
  expect(records.dependants).toEqual([]);
});
