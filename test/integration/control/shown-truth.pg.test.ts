/** What the control plane shows of a slice says what is so: about its owner, and about traffic that is not measured. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import {
  encodeObservation,
  LINK_PATHS,
  type Observation,
  type ProxyReport,
  type TrafficCount,
} from '@ficus/core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { anObservation, jsonAnswer } from '../../../control/parity/observation.fixture.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url, {
      slices: {
        notes: {
          candidate: { url: 'http://127.0.0.1:2', database: database.url },
          routes: [
            { id: 'list', path: '/api/notes' },
            { id: 'get', path: '/api/notes/:id' },
            { id: 'add', methods: ['POST'], path: '/api/notes' },
          ],
          tables: [{ from: 'public.notes', to: 'public.notes' }],
          parity: { ignore: [{ path: '$.at', reason: 'clock' }] },
        },
        pages: {
          candidate: { url: 'http://127.0.0.1:3', versionHeader: 'X-Version' },
          routes: [{ id: 'page', path: '/pages/*' }],
        },
      },
    }),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });
});
afterAll(async () => {
  await control?.stop();
  await database.drop();
});

const slice = (name: string) => createControlClient(control.address).slice(name);

const post = async (path: string, body: unknown): Promise<void> => {
  const { status } = await fetch(control.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(status).toBe(204);
};

const observe = (...observations: Partial<Observation>[]) =>
  post(LINK_PATHS.observations, {
    observations: observations.map((over) => encodeObservation(anObservation(over))),
  });

async function report(...traffic: Partial<TrafficCount>[]): Promise<void> {
  const body: ProxyReport = {
    ...{ proxyId: 'p', workers: 1, epochs: {}, droppedCopies: [] },
    traffic: traffic.map((over) => ({
      ...{ slice: 'notes', route: 'list', side: 'legacy', reason: 'serve-flag-off' },
      ...{ requests: 1, failures: 0, durationMs: 1 },
      ...over,
    })),
  };
  await post(LINK_PATHS.report, body);
}

it('a slice without tables has no owner of writes: they move with the flag', async () => {
  expect((await slice('pages')).owner).toBeNull();
  expect((await slice('notes')).owner).toBe('legacy');
  const metrics = await (await fetch(`${control.address}/metrics`)).text();
  expect(metrics).toContain('ficus_slice_epoch{slice="pages",owner="none"} 1');
});

it('writes alone are traffic, though no share of them is measured', async () => {
  expect((await slice('notes')).traffic.unmeasured).toBe('no traffic');
  await report({ slice: '', route: '', reason: 'no-route', requests: 40 });
  expect((await slice('notes')).traffic).toMatchObject({ unmeasured: 'no traffic', outsideRequests: 40 });
  await report({ reason: 'owner-writes', requests: 12 });
  expect((await slice('notes')).traffic).toMatchObject({
    unmeasured: 'no request that the flag decides',
    candidateSharePercent: null,
    legacy: { requests: 12 },
  });
  await report({ requests: 4 }, { side: 'candidate', reason: 'serve-flag-on', requests: 12 });
  expect((await slice('notes')).traffic).toMatchObject({
    ...{ unmeasured: null, candidateSharePercent: 75, measuredRequests: 16 },
  });
});

it('what rules explain is no agreement, what proved nothing is not compared, and reads never compared are named', async () => {
  const before = (await slice('notes')).parity;
  expect(before).toMatchObject({ ratio: null, lastComparedAt: null, uncompared: ['list', 'get'] });
  const clock = { legacy: jsonAnswer('{"at":1}'), candidate: jsonAnswer('{"at":2}') };
  const nothing = { candidate: { failed: 'timeout', durationMs: 1 } };
  await observe({}, clock, clock, clock, nothing, nothing);
  // Differences are confirmed in the background.
  await expect
    .poll(async () => (await slice('notes')).parity)
    .toMatchObject({
      ...{ ratio: 0.25, compared: 4, uncompared: ['get'] },
      counts: { match: 1, noise: 3, inconclusive: 2, mismatch: 0 },
    });
  const { parity } = await slice('notes');
  expect(Date.parse(parity.lastComparedAt!)).toBeGreaterThanOrEqual(Date.parse(before.since));
});

it('evidence belongs to a version of the candidate: that of an earlier one is kept, and does not count', async () => {
  const answerOf = (version: string, body = '{"page":1}') => {
    const said = jsonAnswer(body);
    return {
      ...said,
      headers: [...('headers' in said ? said.headers : []), ['x-version', version] as const],
    };
  };
  const page = {
    slice: 'pages',
    route: 'page',
    target: '/pages/1',
    legacy: jsonAnswer('{"page":1}'),
  } as const;
  await observe({ ...page, candidate: answerOf('v1') }, { ...page, candidate: answerOf('v1') });
  expect((await slice('pages')).parity).toMatchObject({
    ...{ version: 'v1', ratio: 1, compared: 2, uncompared: [], earlier: [] },
  });

  await observe({ ...page, candidate: answerOf('v2', '{"page":2}') });
  const { parity } = await slice('pages');
  expect(parity).toMatchObject({
    ...{ version: 'v2', ratio: 0, compared: 1 },
    earlier: [{ version: 'v1', ratio: 1, compared: 2 }],
  });
  // The header itself is no difference.
  expect(parity.differingPaths).toMatchObject([{ path: '$.page' }]);

  const client = createControlClient(control.address, undefined, 'ada');
  const after = await client.resetParity('pages', 'fixed in v2');
  expect(after.parity).toMatchObject({ version: 'v2', ratio: null, earlier: [], uncompared: ['page'] });
  expect((await client.audit({ slice: 'pages' }))[0]).toMatchObject({
    ...{ actor: 'ada', action: 'parity-reset', reason: 'fixed in v2' },
    was: { version: 'v2', counts: { mismatch: 1 } },
  });
});
