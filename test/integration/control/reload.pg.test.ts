/** A changed config reaches the control plane while it runs: rules, new slices, removed slices. */
import { type ControlClient, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { encodeObservation, LINK_PATHS } from '@ficus/core';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;
let client: ControlClient;
const streams: HandPlayedReplication[] = [];

const table = (name: string) => ({
  candidate: { url: 'http://127.0.0.1:2', database: database.url },
  routes: [{ id: 'list', path: `/api/${name}` }],
  tables: [{ from: name, to: name }],
});
const plain = { candidate: { url: 'http://127.0.0.1:3' }, routes: [{ id: 'page', path: '/pages/*' }] };

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url, { slices: { notes: table('notes'), pages: plain } }),
    logger: silent,
    replications: (options) => {
      const stream = new HandPlayedReplication(options);
      streams.push(stream);
      return stream;
    },
  });
  client = createControlClient(control.address);
});
afterAll(async () => {
  await control.stop();
  await database.drop();
});

const observe = () =>
  fetch(control.address + LINK_PATHS.observations, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      observations: [
        encodeObservation(
          anObservation({
            slice: 'pages',
            route: 'page',
            target: '/pages/1',
            legacy: jsonAnswer('{"at":1}'),
            candidate: jsonAnswer('{"at":2}'),
          }),
        ),
      ],
    }),
  });

it('a new rule explains an earlier mismatch; counts stay', async () => {
  await observe();
  const ignore = [{ path: '$.at', reason: 'clock' }];
  await control.reload(
    testConfig(database.url, { slices: { notes: table('notes'), pages: { ...plain, parity: { ignore } } } }),
  );
  await observe();
  expect((await client.slice('pages')).parity).toMatchObject({
    counts: { mismatch: 1, noise: 1 },
    ratio: 0,
    reasons: { 'noise: $.at (clock)': 1 },
  });
  expect(streams).toHaveLength(1);
  expect(streams[0]?.stopped).toBe(false);
});

it('a new slice gets flags, a state and a stream; a removed one loses its stream', async () => {
  const abort = new AbortController();
  const stream = await fetch(control.address + LINK_PATHS.stream, { signal: abort.signal });
  let heard = '';
  const reading = (async () => {
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) heard += chunk;
  })().catch(() => undefined);

  await control.reload(testConfig(database.url, { slices: { orders: table('orders'), pages: plain } }));
  expect((await client.slices()).map(({ name }) => name)).toEqual(['orders', 'pages']);
  expect(streams.map(({ options, stopped }) => [options.slice, stopped])).toEqual([
    ['notes', true],
    ['orders', false],
  ]);
  await expect.poll(() => heard).toContain('"orders":{"owner":"legacy","epoch":1,"writes":"open"}');
  await expect(client.slice('notes')).rejects.toMatchObject({ code: 'FICUS_SLICE_UNKNOWN' });
  await expect.poll(async () => (await client.replication('orders')).healthy).toBe(true);
  await client.setServe('orders', { percent: 10 });
  const flags = await (await fetch(`${control.address}/unleash/api/client/features`)).text();
  expect(flags).toContain('orders.serve');
  expect(flags).not.toContain('notes.serve');
  abort.abort();
  await reading;
});

it('another database restarts the stream', async () => {
  const other = { ...table('orders'), tables: [{ from: 'orders', to: 'elsewhere' }] };
  await control.reload(testConfig(database.url, { slices: { orders: other, pages: plain } }));
  await expect.poll(() => streams.length).toBe(3);
  expect(streams.map(({ stopped }) => stopped)).toEqual([true, true, false]);
});

it('concurrent configs are applied one after the other', async () => {
  const [running] = streams.filter(({ stopped }) => !stopped);
  const { promise, resolve } = Promise.withResolvers<void>();
  running!.stopping = promise;
  onTestFinished(() => resolve());
  const reloads = ['notes', 'orders'].map((name) =>
    control.reload(testConfig(database.url, { slices: { [name]: table(name), pages: plain } })),
  );
  // Answered after both had their chance to query the database for their slices.
  for (let asked = 0; asked < 4; asked++) await client.audit({ limit: 1 });
  expect(streams.filter(({ stopped }) => !stopped)).toEqual([running]);
  resolve();
  await Promise.all(reloads);
  expect((await client.slices()).map(({ name }) => name)).toEqual(['orders', 'pages']);
  await expect.poll(async () => (await client.replication('orders')).healthy).toBe(true);
  expect(streams.filter(({ stopped }) => !stopped).map(({ options }) => options.slice)).toEqual(['orders']);
});
