/** What an explanation says of the proxy’s own state: age of the flags, health checks, a slow legacy; and that it changes none. */
import { writeFile } from 'node:fs/promises';
import { afterEach, expect, test } from 'vitest';
import { explain, explainAndSend } from './explain-rig.ts';
import { type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let rig: Rig;
let control: FakeControl | undefined;
afterEach(async () => {
  await rig.close();
  await control?.close();
  control = undefined;
});

test('flags are stale, owners as last known, while the control plane is away', async () => {
  control = await startFakeControl(noteFlags(100, 0));
  rig = await startRig({ control });
  expect(await explain(rig, { as: 'ann' })).toMatchObject({
    control: 'connected',
    flags: { provider: 'builtin', state: 'current', receivedAt: expect.stringMatching(/^20/), problem: null },
  });
  await control.close();
  await until(async () => (await explain(rig, { as: 'ann' })).flags.state === 'stale', 'stale flags');
  expect(await explain(rig, { as: 'ann' })).toMatchObject({
    serve: 'candidate',
    control: 'away',
    flags: { problem: expect.stringContaining('the control plane does not answer') },
  });
});

test('a flags file that is refused leaves the last flags, and says why', async () => {
  rig = await startRig({ serve: 100 });
  await writeFile(rig.flagsFile, '{');
  await until(async () => (await explain(rig, { as: 'ann' })).flags.state === 'stale', 'stale flags');
  const { serve, flags } = await explain(rig, { as: 'ann' });
  expect({ serve, flags }).toMatchObject({
    serve: 'candidate',
    flags: { problem: expect.stringContaining('refused') },
  });
  await rig.setFlags(100, 1);
  await until(async () => (await explain(rig, { as: 'ann' })).flags.state === 'current', 'read again');
});

test('a flag without strategies, as a file may have it, is on for all, and explained', async () => {
  rig = await startRig({ serve: 100 });
  await writeFile(
    rig.flagsFile,
    JSON.stringify({ version: 2, features: [{ name: 'notes.serve', enabled: true }] }),
  );
  await until(async () => (await explain(rig, { as: 'ann' })).flag?.strategies.length === 0, 'read');
  expect(await explain(rig, { as: 'ann' })).toMatchObject({ serve: 'candidate', flag: { cause: 'on' } });
});

test('built-in flags without a control plane are all off, for that reason', async () => {
  control = await startFakeControl(noteFlags(100, 0));
  rig = await startRig({ control, start: { controlUrl: undefined } });
  const { explanation } = await explainAndSend(rig, { headers: { cookie: 'sid=ann' } });
  expect(explanation).toMatchObject({
    reason: 'serve-flag-off',
    flag: { cause: 'no-source' },
    flags: { state: 'no source', receivedAt: null },
    control: 'none',
  });
  expect(explanation.action).toContain('Start `ficus up`');
});

test('a candidate that fails its health checks is why the legacy serves', async () => {
  const health = { path: '/health', intervalMs: 100, unhealthyAfter: 2, healthyAfter: 2 };
  rig = await startRig({ serve: 100, candidate: { health } });
  rig.candidate.handler = (_, response) => response.writeHead(503).end();
  await until(
    async () => (await explain(rig, { as: 'ann' })).candidate?.failsChecks === true,
    'the checks fail',
  );
  const { explanation } = await explainAndSend(rig, { headers: { cookie: 'sid=ann' } });
  expect(explanation).toMatchObject({
    serve: 'legacy',
    reason: 'candidate-unhealthy',
    flag: { enabled: true },
  });
  expect(explanation.action).toContain('serves again by itself');
});

test('a legacy that does not say whose session it is: the caller is unknown, and the answer comes all the same', async () => {
  rig = await startRig({ serve: 100, proxy: { identify: { user: { cookie: 'sid', introspect: '/me' } } } });
  rig.legacy.handler = () => {};
  const explanation = await explain(rig, { headers: { cookie: 'sid=ann' } });
  expect(explanation).toMatchObject({
    serve: 'legacy',
    reason: 'caller-unknown',
    caller: { cause: 'legacy-silent', detail: '/me gave no answer' },
    workers: { asked: 1, agree: 1, silent: 0 },
  });
});

test('a write outside the slice says whose reads it would pin, without pinning', async () => {
  control = await startFakeControl(noteFlags(100, 0));
  rig = await startRig({ control, slice: { writtenBy: [{ methods: ['POST'], path: '/api/orders' }] } });
  const { explanation } = await explainAndSend(rig, {
    method: 'POST',
    url: '/api/orders',
    headers: { cookie: 'sid=ann' },
  });
  expect(explanation).toMatchObject({
    reason: 'no-route',
    caller: { kind: 'user' },
    pin: { pinned: false, wouldPin: ['notes'] },
  });
  expect(await explain(rig, { as: 'bob', method: 'POST', url: '/api/orders' })).toMatchObject({
    pin: { wouldPin: ['notes'] },
  });
  expect(await explain(rig, { as: 'bob' })).toMatchObject({
    reason: 'serve-flag-on',
    pin: { pinned: false },
  });
});

test('however often it is asked, nothing is counted or sent', async () => {
  rig = await startRig({ serve: 50, shadow: 100 });
  for (const url of ['/api/notes', '/elsewhere', '/api/notes/%00'])
    for (const method of ['GET', 'POST', 'OPTIONS', 'TRACE']) await explain(rig, { method, url });
  // Counters arrive in order: once this request is there, those of the questions would be as well.
  await rig.get('/api/notes', { cookie: 'sid=ann' });
  await until(async () => (await rig.metrics()).includes('ficus_requests_total{'), 'the request is counted');
  const metrics = await rig.metrics();
  expect(metrics.match(/^ficus_requests_total\{.*\} (\d+)$/gm)).toEqual([expect.stringMatching(/ 1$/)]);
  expect(metrics).not.toMatch(/^ficus_(refused|unidentified_requests|identity_problems)_total\{.*\} [1-9]/m);
  expect(rig.legacy.requests.length + rig.candidate.requests.length).toBeLessThanOrEqual(2);
});

test('among ten thousand routes the one that comes near is found', async () => {
  const routes = Array.from({ length: 10_000 }, (_, at) => ({
    id: `r${at}`,
    methods: ['GET'],
    path: `/shop${at}/:id`,
  }));
  const beta = { id: 'beta', methods: ['GET'], path: '/shop77/:id', headers: { 'x-beta': 'yes' } };
  rig = await startRig({ serve: 100, routes: [...routes, beta] });
  expect(await explain(rig, { url: '/shop77/5', as: 'ann' })).toMatchObject({
    serve: 'candidate',
    match: { kind: 'matched', winner: { route: 'r77' }, others: [], missed: [{ route: 'beta' }] },
  });
});
