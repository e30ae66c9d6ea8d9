/**
 * Active health checks: an upstream that fails them is known to be unhealthy before a request fails; the legacy serves in
 * a candidate's place, and nothing serves in the legacy's. Checks are not traffic.
 */
import type { FicusConfig, ParsedConfig } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import {
  type Answer,
  ask,
  type Backend,
  type FakeControl,
  noteFlags,
  type Rig,
  type RigOptions,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

let rig: Rig;
let control: FakeControl | undefined;
let next: FicusConfig;

afterEach(async () => {
  await control?.close();
  control = undefined;
  await rig.close();
});

const health = { path: '/health?deep=1', intervalMs: 100, unhealthyAfter: 2, healthyAfter: 2 };
const ann = { cookie: 'sid=ann' };

async function start(options: RigOptions): Promise<void> {
  const reloadConfig = (): Promise<ParsedConfig> => Promise.resolve({ ok: true, config: next });
  rig = await startRig({ serve: 100, start: { reloadConfig }, ...options });
}

const isCheck = ({ url }: { url?: string | undefined }) => url?.includes('/health') === true;
const checksOf = (backend: Backend) => backend.requests.filter(isCheck);
const requestsOf = (backend: Backend) => backend.requests.filter((request) => !isCheck(request));
const get = () => rig.get('/api/notes', ann);
const post = (): Promise<Answer> => ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers: ann });

/** Its health path answers this from now on; undefined for as usual. Everything else stays well. */
function answerChecks(backend: Backend, status: number | 'never' | undefined): void {
  backend.handler = (request, response) => {
    if (!isCheck(request) || status === undefined) response.end(`${backend.name} ${request.url}`);
    else if (status !== 'never') response.writeHead(status).end();
  };
}

interface Readiness {
  readonly status: string;
  readonly upstreams?: readonly { name: string; state: string; addresses: readonly object[] }[];
}

async function stateOf(upstream: string): Promise<string | undefined> {
  const answer = await fetch(`${rig.proxy.adminAddress}/readyz`);
  const { upstreams } = (await answer.json()) as Readiness;
  return upstreams?.find(({ name }) => name === upstream)?.state;
}

const untilState = (upstream: string, state: string) =>
  until(async () => (await stateOf(upstream)) === state, `${upstream} is ${state}`);

async function healthyGauge(upstream: string): Promise<string | undefined> {
  return new RegExp(`^ficus_upstream_healthy\\{upstream="${upstream}",address="[^"]+"\\} (.*)$`, 'm').exec(
    await rig.metrics(),
  )?.[1];
}

const changes = () => rig.logs.filter(({ msg }) => String(msg).startsWith('health checks'));

test('a candidate that fails its checks gets no request before one has failed, and serves again by itself', async () => {
  await start({ candidate: { health } });
  await untilState('notes', 'healthy');
  expect(await healthyGauge('notes')).toBe('1');
  expect((await get()).side).toBe('candidate');

  answerChecks(rig.candidate, 503);
  await untilState('notes', 'unhealthy');
  const before = requestsOf(rig.candidate).length;
  expect(await get()).toMatchObject({ status: 200, side: 'legacy', reason: 'candidate-unhealthy' });
  // This slice has no tables: no side owns its writes.
  expect(await post()).toMatchObject({ status: 200, side: 'legacy', reason: 'candidate-unhealthy' });
  expect(requestsOf(rig.candidate)).toHaveLength(before);
  expect(await healthyGauge('notes')).toBe('0');

  answerChecks(rig.candidate, 204);
  await until(async () => (await get()).side === 'candidate', 'it serves again');
  expect(await healthyGauge('notes')).toBe('1');
  expect(changes()).toMatchObject([
    { level: 30, upstream: 'notes', msg: 'health checks pass' },
    { level: 40, upstream: 'notes', detail: 'it answered 503' },
    { level: 30, upstream: 'notes', msg: 'health checks pass' },
  ]);
});

test('a check is a GET of its own, with the upstream’s Host and path, and nothing of a client', async () => {
  await start({ legacy: { host: 'shop.example', health } });
  await until(() => checksOf(rig.legacy).length > 2, 'checks');
  await rig.get('/health', ann);
  const [check, another] = checksOf(rig.legacy);
  expect(check).toMatchObject({ method: 'GET', url: '/health?deep=1' });
  expect(check!.headers).toEqual({
    host: 'shop.example',
    'user-agent': 'ficus-health-check',
    accept: '*/*',
    connection: 'close',
  });
  expect(another!.socket).not.toBe(check!.socket);
});

test('checks are neither counted, logged nor copied as requests', async () => {
  await start({ shadow: 100, serve: 0, legacy: { health }, candidate: { health } });
  await until(() => checksOf(rig.legacy).length > 3 && checksOf(rig.candidate).length > 3, 'checks');
  await get();
  await until(() => rig.observations.length > 0, 'the copy of a request');
  expect(rig.observations.map(({ route }) => route)).toEqual(['list']);
  await until(async () => (await rig.metrics()).includes('ficus_requests_total'), 'the request is counted');
  const metrics = await rig.metrics();
  const counted = [...metrics.matchAll(/^ficus_requests_total\{.*\} (\d+)$/gm)].map(([, count]) => count);
  expect(counted).toEqual(['1']);
  expect(metrics).toMatch(/^ficus_health_checks_total\{upstream="notes",result="passed"\} \d+$/m);
  expect(rig.logs.filter((line) => JSON.stringify(line).includes('/health'))).toEqual([]);
});

test('copies do not go to an unhealthy candidate', async () => {
  await start({ serve: 0, shadow: 100, candidate: { health } });
  answerChecks(rig.candidate, 503);
  await untilState('notes', 'unhealthy');
  expect((await rig.get('/api/notes/1', ann)).side).toBe('legacy');
  answerChecks(rig.candidate, undefined);
  await until(async () => {
    await get();
    return rig.observations.length > 0;
  }, 'copies again');
  expect(requestsOf(rig.candidate).map(({ url }) => url)).not.toContain('/api/notes/1');
});

test('an unhealthy legacy is reported, and gets its requests nevertheless', async () => {
  await start({ serve: 0, legacy: { health } });
  answerChecks(rig.legacy, 500);
  await untilState('legacy', 'unhealthy');
  expect(await get()).toMatchObject({ status: 200, side: 'legacy', reason: 'serve-flag-off' });
  expect(await rig.get('/other')).toMatchObject({ status: 200, side: 'legacy' });
  expect((await fetch(`${rig.proxy.adminAddress}/readyz`)).status).toBe(200);
  expect(changes()).toMatchObject([{ level: 40, upstream: 'legacy', detail: 'it answered 500' }]);
});

test('where the legacy may not serve in its place, an unhealthy candidate gets its requests nevertheless', async () => {
  await start({ slice: { onBreakerOpen: 'fail' }, candidate: { health } });
  answerChecks(rig.candidate, 503);
  await untilState('notes', 'unhealthy');
  expect(await get()).toMatchObject({ status: 200, side: 'candidate', reason: 'serve-flag-on' });
});

test('writes that the candidate owns go nowhere else: they fail as they would, and say more', async () => {
  control = await startFakeControl(noteFlags(100, 0));
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await start({ control, candidate: { health } });
  answerChecks(rig.candidate, 503);
  await untilState('notes', 'unhealthy');
  expect(await post()).toMatchObject({ status: 200, side: 'candidate', reason: 'owner-writes' });
  // Another user's reads are moved; the writer's stay with the owner.
  expect((await rig.get('/api/notes', { cookie: 'sid=bob' })).reason).toBe('candidate-unhealthy');
  expect(await get()).toMatchObject({ side: 'candidate', reason: 'pinned' });
  await rig.candidate.close();
  const failed = await post();
  expect(failed).toMatchObject({ status: 502 });
  expect(JSON.parse(failed.text)).toMatchObject({
    detail: 'The exchange with notes (whose health checks fail) failed (connect, refused).',
  });
  expect(requestsOf(rig.legacy).map(({ method }) => method)).not.toContain('POST');
});

test('an endpoint that does not answer in time fails its check; the next one waits for it', async () => {
  await start({ candidate: { health: { ...health, timeoutMs: 400 } } });
  let open = 0;
  let most = 0;
  rig.candidate.handler = (request, response) => {
    if (!isCheck(request)) {
      response.end('well');
      return;
    }
    open += 1;
    most = Math.max(most, open);
    response.on('close', () => {
      open -= 1;
    });
  };
  await untilState('notes', 'unhealthy');
  expect(changes().at(-1)).toMatchObject({ detail: 'the answer was not complete in time' });
  await until(() => checksOf(rig.candidate).length >= 4, 'further checks');
  expect(most).toBe(1);
});

test('a list of statuses replaces 2xx', async () => {
  await start({ candidate: { health: { ...health, status: [401] } }, legacy: { health } });
  answerChecks(rig.candidate, 401);
  answerChecks(rig.legacy, 302);
  await Promise.all([untilState('notes', 'healthy'), untilState('legacy', 'unhealthy')]);
});

test('a reload starts and stops checks, and forgets what those that it stopped have said', async () => {
  await start({ legacy: { health: { ...health, timeoutMs: 500 } }, candidate: { health } });
  answerChecks(rig.candidate, 503);
  await Promise.all([untilState('notes', 'unhealthy'), untilState('legacy', 'healthy')]);
  expect((await get()).side).toBe('legacy');
  answerChecks(rig.legacy, 'never');
  next = rig.config({ candidate: {} });
  expect(await rig.proxy.reload()).toMatchObject({ ok: true });
  expect(await stateOf('notes')).toBeUndefined();
  // Its checks continue, with what they know.
  expect(await stateOf('legacy')).toBe('healthy');
  answerChecks(rig.legacy, undefined);
  expect((await get()).side).toBe('candidate');
  // One may have been under way.
  const asked = checksOf(rig.candidate).length;
  const more = checksOf(rig.legacy).length + 5;
  await until(() => checksOf(rig.legacy).length >= more, 'those of the legacy continue');
  expect(checksOf(rig.candidate).length).toBeLessThanOrEqual(asked + 1);
  next = rig.config({});
  expect(await rig.proxy.reload()).toMatchObject({ ok: true });
  await untilState('notes', 'unhealthy');
});

test('a change of an upstream’s other keys does not send users back to a dead candidate', async () => {
  await start({ candidate: { health } });
  answerChecks(rig.candidate, 503);
  await untilState('notes', 'unhealthy');
  // What is not known would stay so.
  const slow = { ...health, unhealthyAfter: 10_000 };
  next = rig.config({ candidate: { health: slow, concurrency: 7 } });
  expect(await rig.proxy.reload()).toMatchObject({ ok: true, generation: 2 });
  expect(await stateOf('notes')).toBe('unhealthy');
  expect(await get()).toMatchObject({ side: 'legacy', reason: 'candidate-unhealthy' });
  // Another place is another candidate.
  next = rig.config({ candidate: { health: slow, host: 'notes.example' } });
  expect(await rig.proxy.reload()).toMatchObject({ ok: true, generation: 3 });
  expect(await stateOf('notes')).toBe('unknown');
  await until(async () => (await get()).side === 'candidate', 'it is tried');
});

test('a draining proxy sends no checks', async () => {
  await start({ proxy: { timeouts: { drainMs: 10_000 } }, candidate: { health } });
  await untilState('notes', 'healthy');
  let finish = (): void => {};
  const usual = rig.candidate.handler;
  rig.candidate.handler = (request, response) => {
    if (isCheck(request)) usual(request, response);
    else finish = () => response.end('whole');
  };
  const held = get();
  await until(() => requestsOf(rig.candidate).length === 1, 'a request in progress');
  const stopped = rig.proxy.stop();
  const asked = checksOf(rig.candidate).length;
  const other = await startRig({ legacy: { health } });
  await until(() => checksOf(other.legacy).length >= 5, 'another proxy continues').finally(other.close);
  expect(checksOf(rig.candidate).length).toBeLessThanOrEqual(asked + 1);
  finish();
  expect(await held).toMatchObject({ status: 200 });
  await stopped;
});
