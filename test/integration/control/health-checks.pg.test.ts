/** What the proxy's health checks find reaches the control plane: API and metrics, for candidate and legacy. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Proxied, startProxied } from './proxied.ts';

const health = { path: '/health', intervalMs: 100 };
let rig: Proxied;

beforeAll(async () => {
  rig = await startProxied(inject('postgresPort'), { legacy: { health }, candidate: { health } });
});
afterAll(() => rig?.close());

const slice = () => rig.client.slice('pages');
const metrics = async () => (await fetch(`${rig.control.address}/metrics`)).text();
const asked = { timeout: 45_000, interval: 50 };

it('a candidate that gets no request is shown as failing, and so is the legacy; both until they pass', async () => {
  await rig.client.setServe('pages', { percent: 100 });
  expect(await slice()).toMatchObject({
    candidate: { text: null },
    legacy: { failingChecks: 0, text: null },
  });
  const works = [rig.legacy.handler, rig.candidate.handler] as const;
  for (const backend of [rig.legacy, rig.candidate])
    backend.handler = (_, response) => response.writeHead(503).end();
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

  [rig.legacy.handler, rig.candidate.handler] = works;
  await expect
    .poll(slice, asked)
    .toMatchObject({ candidate: { failingChecks: 0, text: null }, legacy: { failingChecks: 0, text: null } });
});
