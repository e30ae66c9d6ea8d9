/** What a proxy sends again because an answer was missing counts once, and counts that cannot be are refused. */
import { createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import {
  encodeObservation,
  type FicusConfigInput,
  LINK_PATHS,
  type ProxyReport,
  type TrafficCount,
} from '@ficus/core';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { anObservation } from '../../../control/parity/observation.fixture.ts';
import { createTestDatabase, silent, type TestDatabase, testConfig } from './rig.ts';

type ControlTokens = NonNullable<NonNullable<FicusConfigInput['control']>['tokens']>;

let database: TestDatabase;
let control: Control;

beforeEach(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await start();
});
afterEach(async () => {
  await control.stop();
  await database.drop();
});

const start = (tokens: ControlTokens = []) =>
  startControl({
    config: testConfig(database.url, {
      control: { listen: '127.0.0.1:0', database: database.url, tokens },
      slices: {
        pages: { candidate: { url: 'http://127.0.0.1:3' }, routes: [{ id: 'page', path: '/pages/*' }] },
      },
    }),
    logger: silent,
  });

const post = async (path: string, body: unknown, token?: string) => {
  const response = await fetch(control.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
};

const report = (number: number | undefined, requests: number, over: Partial<ProxyReport> = {}) => ({
  ...{ proxyId: 'p', number, workers: 1, epochs: {} },
  traffic: [
    {
      ...{ slice: 'pages', route: 'page', side: 'legacy', reason: 'serve-flag-off' },
      ...{ requests, failures: 0, durationMs: 1.5 },
    },
  ],
  droppedCopies: [{ slice: 'pages', reason: 'memory', copies: 2 }],
  ...over,
});

const batch = (over: Record<string, unknown> = {}) => ({
  ...{ sender: 'w', number: 1 },
  observations: [
    encodeObservation(anObservation({ slice: 'pages', route: 'page', target: '/pages/1', at: Date.now() })),
  ],
  ...over,
});

const metric = async (pattern: RegExp): Promise<number> => {
  const text = await (await fetch(`${control.address}/metrics`)).text();
  return Number(pattern.exec(text)?.[1] ?? 0);
};
const reported = () => metric(/^ficus_reported_requests_total\{slice="pages".*\} (\S+)$/m);
const parity = async () => (await createControlClient(control.address).slice('pages')).parity.counts;

it('a report that is sent again counts once, its copies too, and its facts are those of now', async () => {
  for (const workers of [1, 2])
    expect(await post(LINK_PATHS.report, report(1, 10, { workers }))).toMatchObject({ status: 204 });
  expect(await reported()).toBe(10);
  expect((await parity()).skipped).toBe(2);
  const proxies = () => createControlClient(control.address).proxies();
  expect(await proxies()).toMatchObject([{ workers: 2 }]);
  // The next one counts; one from before it, that was long on the way, changes nothing.
  await post(LINK_PATHS.report, report(2, 5, { workers: 3 }));
  expect((await post(LINK_PATHS.report, report(1, 10))).status).toBe(204);
  expect(await reported()).toBe(15);
  expect(await proxies()).toMatchObject([{ workers: 3 }]);
  // Numbers are of one run of a proxy.
  await post(LINK_PATHS.report, report(1, 100, { proxyId: 'q' }));
  expect(await reported()).toBe(115);
});

it('a proxy of an earlier version, without numbers, is counted each time', async () => {
  for (let time = 0; time < 2; time += 1) await post(LINK_PATHS.report, report(undefined, 10));
  expect(await reported()).toBe(20);
  const { observations } = batch();
  for (let time = 0; time < 2; time += 1)
    expect((await post(LINK_PATHS.observations, { observations })).status).toBe(204);
  expect((await parity()).match).toBe(2);
});

it('a batch is compared once, whichever of its tries arrives first', async () => {
  const again = { ...batch(), firstSentMs: 5_000 };
  expect((await post(LINK_PATHS.observations, batch())).status).toBe(204);
  expect((await post(LINK_PATHS.observationsAgain, again)).status).toBe(204);
  expect((await parity()).match).toBe(1);
  // Of the second batch the first try was lost, or arrives later.
  expect((await post(LINK_PATHS.observationsAgain, { ...again, number: 2 })).status).toBe(204);
  expect((await post(LINK_PATHS.observations, batch({ number: 2 }))).status).toBe(204);
  expect((await parity()).match).toBe(2);
  const counts = await (await fetch(`${control.address}/metrics`)).text();
  expect(counts).not.toContain('ficus_reports_refused_total{');
});

it('after a restart it is not known what the earlier process has compared: 409, and nothing counts', async () => {
  await post(LINK_PATHS.observations, batch());
  await control.stop();
  control = await start();
  const again = { ...batch(), firstSentMs: 3_600_000 };
  expect(await post(LINK_PATHS.observationsAgain, again)).toMatchObject({
    status: 409,
    text: expect.stringContaining('FICUS_CONTROL_BATCH_UNKNOWN'),
  });
  expect((await parity()).match).toBe(1);
  // A first try is certain.
  expect((await post(LINK_PATHS.observations, batch({ number: 2 }))).status).toBe(204);
  expect((await parity()).match).toBe(2);
});

it.each<[string, Partial<TrafficCount>, string]>([
  ['half a request', { requests: 5.5 }, 'traffic[0].requests'],
  ['more failures than requests', { failures: 11 }, 'traffic[0].failures: must not be more than requests'],
  ['more than a proxy can serve', { requests: 1e12 }, 'traffic[0].requests'],
  ['a negative count', { failures: -1 }, 'traffic[0].failures'],
])('%s is refused whole, and counted as a refused report', async (_, wrong, problem) => {
  const good = report(1, 10);
  const { status, text } = await post(LINK_PATHS.report, {
    ...good,
    traffic: good.traffic.map((count) => ({ ...count, ...wrong })),
  });
  expect([status, (JSON.parse(text) as { detail: string }).detail]).toEqual([
    400,
    expect.stringContaining(problem),
  ]);
  expect(await reported()).toBe(0);
  expect((await parity()).skipped).toBe(0);
  expect(await metric(/^ficus_reports_refused_total\{kind="report",reason="shape-wrong"\} (\d+)$/m)).toBe(1);
  const copies = [{ slice: 'pages', reason: 'memory', copies: 0.5 }];
  expect((await post(LINK_PATHS.report, { ...good, droppedCopies: copies })).status).toBe(400);
  // Its number is not taken by that.
  expect((await post(LINK_PATHS.report, good)).status).toBe(204);
  expect(await reported()).toBe(10);
});

it('a token uses up no number of another one’s proxies, and speaks for none of them', async () => {
  await control.stop();
  const [edge1, edge2, reader] = ['token-of-the-first', 'token-of-the-second', 'token-of-a-reader'];
  control = await start([
    { name: 'edge-1', roles: ['report'], token: edge1! },
    { name: 'edge-2', roles: ['report'], token: edge2! },
    { name: 'reader', roles: ['read'], token: reader! },
  ]);
  const largest = Number.MAX_SAFE_INTEGER;
  await post(LINK_PATHS.report, report(largest, 10, { workers: 7 }), edge2);
  await post(LINK_PATHS.observations, batch({ number: largest }), edge2);
  await post(LINK_PATHS.report, report(1, 5), edge1);
  await post(LINK_PATHS.observations, batch(), edge1);
  const client = createControlClient(control.address, reader);
  const { parity, traffic } = await client.slice('pages');
  expect([traffic.legacy.requests, parity.counts.match]).toEqual([15, 2]);
  expect(await client.proxies()).toMatchObject([
    { proxyId: 'edge-2/p', workers: 7 },
    { proxyId: 'edge-1/p', workers: 1 },
  ]);
});

it('a thousand made-up proxies of one token take no place of another’s, and are said', async () => {
  await control.stop();
  const tokens: ControlTokens = [
    { name: 'edge', roles: ['report'], token: 'token-of-the-edge' },
    { name: 'shop', roles: ['report'], token: 'token-of-the-shop' },
    { name: 'board', roles: ['read'], token: 'token-of-the-board' },
  ];
  control = await start(tokens);
  const named = (proxyId: string) => ({
    ...report(1, 1),
    proxyId,
    failingChecks: { legacy: true, candidates: [] },
  });
  for (let hundred = 0; hundred <= 10; hundred += 1)
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        post(LINK_PATHS.report, named(`${hundred}-${at}`), 'token-of-the-edge'),
      ),
    );
  expect((await post(LINK_PATHS.report, named('real'), 'token-of-the-shop')).status).toBe(204);
  const listed = await createControlClient(control.address, 'token-of-the-board').proxies();
  expect(listed.length).toBe(1_001);
  expect(listed.at(-1)?.proxyId).toBe('shop/real');
  const headers = { authorization: 'Bearer token-of-the-board' };
  const metrics = await (await fetch(`${control.address}/metrics`, { headers })).text();
  expect(metrics).toContain('ficus_reports_refused_total{kind="proxy",reason="too-many-proxies"} 100');
  const failing = /^ficus_legacy_failing_checks (\d+)$/m.exec(metrics)?.[1];
  expect(Number(failing)).toBeLessThanOrEqual(1_001);
  // What they say of requests counts, as it always did.
  expect(metrics).toMatch(/^ficus_reported_requests_total\{[^}]*\} 1101$/m);
});
