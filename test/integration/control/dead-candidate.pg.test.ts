/** A candidate that stops answering while it serves everybody: the control plane says so beside the stage, until it answers. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type Proxied, startProxied } from './proxied.ts';

let rig: Proxied;

beforeAll(async () => {
  rig = await startProxied(inject('postgresPort'), { candidate: { breaker: { failures: 3, openMs: 50 } } });
});
afterAll(() => rig?.close());

const slice = () => rig.client.slice('pages');
const page = async () => (await fetch(`${rig.proxy.address}/pages/1`)).text();
const asked = { timeout: 45_000, interval: 50 };

it('fails beside “live”, with the fallback named, and answers again', async () => {
  await rig.client.setServe('pages', { percent: 100 });
  await expect.poll(page, asked).toBe('candidate /pages/1');
  await expect.poll(async () => (await slice()).candidate.state, asked).toBe('answers');

  const works = rig.candidate.handler;
  rig.candidate.handler = (request) => request.socket.destroy();
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
  const metrics = async () => (await fetch(`${rig.control.address}/metrics`)).text();
  expect(await metrics()).toContain('ficus_candidate_failing{slice="pages"} 1');

  rig.candidate.handler = works;
  await expect
    .poll(async () => {
      await page();
      return (await slice()).candidate;
    }, asked)
    .toMatchObject({ state: 'answers', failingSince: null, breakersOpen: 0, text: null });
  expect(await metrics()).toContain('ficus_candidate_failing{slice="pages"} 0');
});

it('that answers with errors is said to do that', async () => {
  const works = rig.candidate.handler;
  rig.candidate.handler = (_, response) => response.writeHead(500).end();
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
  rig.candidate.handler = works;
  await expect
    .poll(async () => {
      await page();
      return (await slice()).candidate;
    }, asked)
    .toMatchObject({ state: 'answers', failure: null });
});

it('of which only copies are made fails when they are not answered', async () => {
  const client = rig.client;
  await client.setServe('pages', { percent: 0 });
  await client.setShadow('pages', { percent: 100 });
  rig.candidate.handler = (request) => request.socket.destroy();
  await expect
    .poll(async () => {
      expect(await page()).toMatch(/\/pages\/1$/);
      return (await slice()).candidate.text;
    }, asked)
    .toBe('The candidate does not answer. The serve flag gives it no requests.');
});
