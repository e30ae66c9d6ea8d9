/** What the control plane shows of a slice says what is so: about its owner, and about traffic that is not measured. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS, type ProxyReport, type TrafficCount } from '@ficus/core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let control: Control;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });
});
afterAll(async () => {
  await control?.stop();
  await database.drop();
});

const slice = (name: string) => createControlClient(control.address).slice(name);

async function report(...traffic: Partial<TrafficCount>[]): Promise<void> {
  const body: ProxyReport = {
    ...{ proxyId: 'p', workers: 1, epochs: {}, droppedCopies: [] },
    traffic: traffic.map((over) => ({
      ...{ slice: 'notes', route: 'list', side: 'legacy', reason: 'serve-flag-off' },
      ...{ requests: 1, failures: 0, durationMs: 1 },
      ...over,
    })),
  };
  const { status } = await fetch(control.address + LINK_PATHS.report, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(status).toBe(204);
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
