/** What was found by comparing survives a restart of the control plane, and belongs to the version it was found with. */
import { createControlClient } from '@ficus/contract';
import { type Control, type RunVerify, startControl } from '@ficus/control';
import { encodeObservation, type FicusConfigInput, LINK_PATHS, type Observation } from '@ficus/core';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control | undefined;
/** What the next verify finds. */
let verify: RunVerify;

const found: Awaited<ReturnType<RunVerify>> = {
  verdict: 'mismatch',
  ...{ reason: undefined, resume: undefined, rowsPerSecond: 2, nothingChanged: false, changesUnknown: false },
  ...{ rowsCompared: { source: 3, target: 3 }, tables: [], differencesNotListed: 0 },
  differences: [
    {
      ...{ from: 'public.notes', to: 'public.notes', rows: 1, key: { id: '7' } },
      kind: 'different',
      columns: [{ name: 'title', expected: 'a secret of Ada', found: 'a secret of Eve' }],
    },
  ],
};

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  verify = async () => found;
});
afterEach(async () => {
  await control?.stop();
  control = undefined;
  await database.drop();
});

const configOf = (version: string, others: FicusConfigInput['slices'] = {}) =>
  testConfig(database.url, {
    slices: {
      notes: {
        candidate: { url: 'http://127.0.0.1:2', database: database.url, version },
        routes: [{ id: 'list', path: '/api/notes', confirm: false }],
        tables: [{ from: 'public.notes', to: 'public.notes' }],
      },
      ...others,
    },
  });

async function restart(version = 'v1', config = configOf(version)) {
  await control?.stop();
  control = await startControl({
    config,
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
    verify: (options) => verify(options),
  });
  return createControlClient(control.address);
}

async function observe(...observations: Partial<Observation>[]): Promise<void> {
  const { status } = await fetch(control!.address + LINK_PATHS.observations, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      observations: observations.map((over) => encodeObservation(anObservation(over))),
    }),
  });
  expect(status).toBe(204);
}

/** Without a confirmation a difference would be inconclusive: this one is in a slice without tables. */
const pages = { candidate: { url: 'http://127.0.0.1:3' }, routes: [{ id: 'page', path: '/pages/*' }] };
const page = { slice: 'pages', route: 'page', target: '/pages/1' };

it('verdicts, places and samples are there after a restart, and count on', async () => {
  const config = configOf('v1', { pages });
  let client = await restart('v1', config);
  await observe({}, {}, page, { ...page, candidate: jsonAnswer('{"a":"Ada Lovelace"}') });
  const before = [await client.slice('notes'), await client.slice('pages')];
  client = await restart('v1', config);
  const after = [await client.slice('notes'), await client.slice('pages')];
  expect(after.map(({ parity }) => parity)).toEqual(before.map(({ parity }) => parity));
  expect(after[1]?.parity).toMatchObject({ compared: 2, ratio: 0.5, samples: [{ route: 'page' }] });
  const stored = await database.query(
    'SELECT report::text || samples::text AS text FROM ficus_control.parity_evidence',
  );
  expect(JSON.stringify(stored)).not.toContain('Ada');

  await observe(page);
  client = await restart('v1', config);
  expect((await client.slice('pages')).parity).toMatchObject({ compared: 3, samples: [{ route: 'page' }] });
});

it('a restart with another version begins with nothing compared, and shows what was found before', async () => {
  await restart('v1');
  await observe({}, {});
  const client = await restart('v2');
  expect((await client.slice('notes')).parity).toMatchObject({
    ...{ version: 'v2', ratio: null, uncompared: ['list'] },
    earlier: [{ version: 'v1', ratio: 1, compared: 2 }],
  });
  // A deployment taken back: what was found with v1 is true again.
  await control!.reload(configOf('v1'));
  expect((await client.slice('notes')).parity).toMatchObject({ version: 'v1', ratio: 1, compared: 2 });
});

/** What a crash now would leave: a control plane that is stopped writes the rest. */
const stored = () =>
  database.query(
    `SELECT version, (report -> 'compared')::int AS compared FROM ficus_control.parity_evidence WHERE slice = 'notes'`,
  );

it('verdicts are stored while the control plane runs', async () => {
  await restart('v1');
  await observe({}, {});
  await expect.poll(stored).toEqual([{ version: 'v1', compared: 2 }]);
});

it('a reset is for ever from its answer on', async () => {
  let client = await restart('v1');
  await observe({}, {});
  await expect.poll(stored).toEqual([{ version: 'v1', compared: 2 }]);
  await client.resetParity('notes', 'again');
  expect(await stored()).toEqual([{ version: 'v1', compared: 0 }]);
  client = await restart('v1');
  expect((await client.slice('notes')).parity).toMatchObject({ ratio: null, compared: 0, earlier: [] });
});

it('a body that is shown may hold characters that PostgreSQL does not store', async () => {
  const samples = { allow: ['body'] };
  await restart('v1', configOf('v1', { pages: { ...pages, parity: { samples } } }));
  const text = (body: string) => ({
    ...jsonAnswer(body),
    headers: [['content-type', 'text/plain']] as [string, string][],
  });
  // Cut in the middle of a character.
  await observe({ ...page, legacy: text('a\0b'), candidate: text(`${'x'.repeat(159)}😀`) });
  const kept = () =>
    database.query(
      `SELECT samples -> 0 -> 'differences' -> 0 ->> 'legacy' AS legacy FROM ficus_control.parity_evidence WHERE slice = 'pages'`,
    );
  await expect.poll(kept).toEqual([{ legacy: 'a\ufffdb' }]);
});

it('a reset that the database refuses says so, and is stored when it can be', async () => {
  const client = await restart('v1');
  await observe({}, {});
  await expect.poll(stored).toEqual([{ version: 'v1', compared: 2 }]);
  await database.query(
    `CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
     CREATE TRIGGER disk_full BEFORE UPDATE ON ficus_control.parity_evidence FOR EACH ROW EXECUTE FUNCTION disk_full();`,
  );
  await expect(client.resetParity('notes', 'again')).rejects.toMatchObject({
    code: 'FICUS_CONTROL_NOT_STORED',
    message: expect.stringContaining('No space left on device'),
  });
  await database.query('DROP TRIGGER disk_full ON ficus_control.parity_evidence');
  await expect.poll(stored).toEqual([{ version: 'v1', compared: 0 }]);
});

it('what the last verify found is there after a restart, with the version it was found with, and no value', async () => {
  let client = await restart('v1');
  const run = await client.verify('notes', { pollMs: 10 });
  expect(run).toMatchObject({ verdict: 'mismatch', version: 'v1', ofEarlierVersion: false });
  await expect
    .poll(() => database.query(`SELECT run ->> 'verdict' AS verdict FROM ficus_control.verify_run`))
    .toEqual([{ verdict: 'mismatch' }]);
  client = await restart('v1');
  expect((await client.slice('notes')).verify).toEqual(run);
  expect(await client.verifyRun('notes')).toEqual(run);
  expect(JSON.stringify(await database.query('SELECT * FROM ficus_control.verify_run'))).not.toContain('Ada');
  client = await restart('v2');
  expect((await client.slice('notes')).verify).toEqual({ ...run, ofEarlierVersion: true });
});

it('a verify that a restart broke off leaves the last one', async () => {
  let client = await restart('v1');
  const run = await client.verify('notes', { pollMs: 10 });
  verify = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
  expect((await client.startVerify('notes')).state).toBe('running');
  client = await restart('v1');
  expect((await client.slice('notes')).verify).toEqual(run);
});

it('a slice that comes back has what was found before, unless it was removed', async () => {
  const client = await restart('v1');
  await observe({}, {});
  await control!.reload(testConfig(database.url, { slices: { pages } }));
  await control!.reload(configOf('v1'));
  expect((await client.slice('notes')).parity.compared).toBe(2);
  await control!.reload(testConfig(database.url, { slices: { pages } }));
  await database.query(`DELETE FROM ficus_control.parity_evidence WHERE slice = 'notes'`);
  await control!.reload(configOf('v1'));
  expect((await client.slice('notes')).parity.compared).toBe(0);
});
