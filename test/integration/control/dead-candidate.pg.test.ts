/** A candidate that stops answering while it serves everybody: the control plane says so beside the stage, until it answers. */
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
  const config: FicusConfig = testConfig(database.url, {
    proxy: { listen: '127.0.0.1:0' },
    legacy: { url: legacy.url, database: database.url },
    slices: {
      pages: {
        candidate: { url: candidate.url, breaker: { failures: 3, openMs: 50 } },
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
const page = async () => (await fetch(`${proxy.address}/pages/1`)).text();
const asked = { timeout: 20_000, interval: 50 };

it('fails beside “live”, with the fallback named, and answers again', async () => {
  await createControlClient(control.address).setServe('pages', { percent: 100 });
  await expect.poll(page, asked).toBe('candidate /pages/1');
  await expect.poll(async () => (await slice()).candidate.state, asked).toBe('answers');

  const works = candidate.handler;
  candidate.handler = (request) => request.socket.destroy();
  await expect
    .poll(async () => {
      expect(await page()).toBe('legacy /pages/1');
      return (await slice()).candidate.breakersOpen;
    }, asked)
    .toBe(1);
  const dead = await slice();
  expect(dead).toMatchObject({ stage: 'live', candidate: { state: 'fails' } });
  expect(dead.candidate.text).toBe(
    'The candidate does not answer: its circuit breaker is open in 1 worker of the proxies. The legacy serves its requests.',
  );
  expect(Date.parse(dead.candidate.failingSince!)).toBeLessThanOrEqual(Date.now());
  const metrics = async () => (await fetch(`${control.address}/metrics`)).text();
  expect(await metrics()).toContain('ficus_candidate_failing{slice="pages"} 1');

  candidate.handler = works;
  await expect
    .poll(async () => {
      await page();
      return (await slice()).candidate;
    }, asked)
    .toMatchObject({ state: 'answers', failingSince: null, breakersOpen: 0, text: null });
  expect(await metrics()).toContain('ficus_candidate_failing{slice="pages"} 0');
});

it('that answers with errors is said to do that', async () => {
  const works = candidate.handler;
  candidate.handler = (_, response) => response.writeHead(500).end();
  await expect
    .poll(async () => {
      await page();
      return (await slice()).candidate;
    }, asked)
    .toMatchObject({ state: 'fails', breakersOpen: 1, failure: 'answers with errors' });
  const { text, askedAt } = (await slice()).candidate;
  expect(text).toBe(
    'The candidate answers with errors: its circuit breaker is open in 1 worker of the proxies. The legacy serves its requests.',
  );
  expect(Date.parse(askedAt!)).toBeLessThanOrEqual(Date.now());
  candidate.handler = works;
  await expect
    .poll(async () => {
      await page();
      return (await slice()).candidate;
    }, asked)
    .toMatchObject({ state: 'answers', failure: null });
});

it('of which only copies are made fails when they are not answered', async () => {
  const client = createControlClient(control.address);
  await client.setServe('pages', { percent: 0 });
  await client.setShadow('pages', { percent: 100 });
  candidate.handler = (request) => request.socket.destroy();
  await expect
    .poll(async () => {
      expect(await page()).toMatch(/\/pages\/1$/);
      return (await slice()).candidate.text;
    }, asked)
    .toBe('The candidate does not answer. The serve flag gives it no requests.');
});
