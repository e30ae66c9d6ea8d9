/** What the proxy's health checks find reaches the control plane: API and metrics, for candidate and legacy. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import type { FicusConfig } from '@ficus/core';
import { type RunningProxy, startProxy } from '@ficus/proxy';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Backend, startBackend } from '../proxy/rig.ts';
import { createTestDatabase, silent, type TestDatabase, testConfig } from './rig.ts';

let database: TestDatabase;
let legacy: Backend;
let candidate: Backend;
let control: Control;
let proxy: RunningProxy;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  [legacy, candidate] = await Promise.all([startBackend('legacy'), startBackend('candidate')]);
  const health = { path: '/health', intervalMs: 100 };
  const config: FicusConfig = testConfig(database.url, {
    proxy: { listen: '127.0.0.1:0' },
    legacy: { url: legacy.url, database: database.url, health },
    slices: {
      pages: {
        candidate: { url: candidate.url, health },
        routes: [{ id: 'page', path: '/pages/*' }],
      },
    },
  });
  control = await startControl({ config, logger: silent });
  proxy = await startProxy({ config, logger: silent, controlUrl: control.address });
});
afterAll(async () => {
  await proxy?.stop();
  await control?.stop();
  await Promise.all([legacy?.close(), candidate?.close()]);
  await database.drop();
});

const slice = () => createControlClient(control.address).slice('pages');
const metrics = async () => (await fetch(`${control.address}/metrics`)).text();
const asked = { timeout: 20_000, interval: 50 };

it('a candidate that gets no request is shown as failing, and so is the legacy; both until they pass', async () => {
  await createControlClient(control.address).setServe('pages', { percent: 100 });
  expect(await slice()).toMatchObject({
    candidate: { text: null },
    legacy: { failingChecks: 0, text: null },
  });
  const works = [legacy.handler, candidate.handler] as const;
  for (const backend of [legacy, candidate]) backend.handler = (_, response) => response.writeHead(503).end();
  await expect.poll(slice, asked).toMatchObject({
    stage: 'live',
    candidate: {
      state: 'fails',
      failingChecks: 1,
      breakersOpen: 0,
      text: 'The candidate fails the health checks of 1 proxy. There, the legacy serves its requests.',
    },
    legacy: { failingChecks: 1 },
  });
  expect(await metrics()).toContain('ficus_candidate_failing{slice="pages"} 1');
  expect(await metrics()).toContain('ficus_legacy_failing_checks 1');

  [legacy.handler, candidate.handler] = works;
  await expect
    .poll(slice, asked)
    .toMatchObject({ candidate: { failingChecks: 0, text: null }, legacy: { failingChecks: 0, text: null } });
});
