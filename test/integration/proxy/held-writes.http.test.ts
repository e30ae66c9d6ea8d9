/** A cutover holds a slice's writes in the proxy and releases them: each is decided when it leaves, never before. */
import type { SliceState } from '@ficus/core';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import {
  type Answer,
  ask,
  type FakeControl,
  noteFlags,
  type Rig,
  type RigOptions,
  ROUTES,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

const HELD: SliceState = { owner: 'legacy', epoch: 1, writes: 'held', waitMs: 10_000 };

let rig: Rig;
let control: FakeControl;

afterEach(async () => {
  await control.close();
  await rig.close();
});

async function start(state: SliceState, more: RigOptions = {}): Promise<void> {
  control = await startFakeControl(noteFlags(100, 0));
  control.setState({ notes: state });
  rig = await startRig({ control, ...more });
}

const write = (user = 'ada'): Promise<Answer> =>
  ask(`${rig.url}/api/notes`, { method: 'POST', headers: { cookie: `sid=${user}` }, body: 'a note' });

const heldWrites = async (): Promise<string | undefined> =>
  /^ficus_held_writes (\d+)$/m.exec(await rig.metrics())?.[1];

test('writes wait while reads are served, and go to the owner at the time of their release', async () => {
  await start(HELD);
  const writes = [write('ada'), write('bob')];
  await until(async () => (await heldWrites()) === '2', 'both writes are held');
  expect((await rig.get('/api/notes', { cookie: 'sid=eve' })).side).toBe('candidate');
  // Its own write is in progress: this user reads from the owner.
  expect(await rig.get('/api/notes', { cookie: 'sid=ada' })).toMatchObject({
    side: 'legacy',
    reason: 'pinned',
  });
  expect(rig.legacy.requests.concat(rig.candidate.requests).map(({ method }) => method)).not.toContain(
    'POST',
  );
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  for (const answer of await Promise.all(writes)) {
    expect(answer).toMatchObject({ status: 200, side: 'candidate', reason: 'owner-writes' });
  }
  expect(rig.legacy.requests.map(({ method }) => method)).not.toContain('POST');
  expect(await rig.get('/api/notes', { cookie: 'sid=ada' })).toMatchObject({
    side: 'candidate',
    reason: 'pinned',
  });
});

test('a cancelled cutover releases them to the old owner', async () => {
  await start(HELD);
  const waiting = write();
  await until(async () => (await heldWrites()) === '1', 'the write is held');
  control.setState({ notes: { owner: 'legacy', epoch: 1, writes: 'open' } });
  expect(await waiting).toMatchObject({ status: 200, side: 'legacy', reason: 'owner-writes' });
});

test('a write that is not released in time is refused with 503 and Retry-After, and sent to neither side', async () => {
  await start({ ...HELD, waitMs: 50 });
  const refused = await write();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'FICUS_PROXY_WRITES_HELD' });
  expect(rig.legacy.requests.concat(rig.candidate.requests)).toEqual([]);
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await until(async () => (await write()).side === 'candidate', 'writes are accepted again');
});

test('a write that the old owner did not answer is resent to neither side', async () => {
  const routes = [...ROUTES, { id: 'change', methods: ['PUT'], path: '/api/notes/:id' }];
  await start({ owner: 'legacy', epoch: 1, writes: 'open' }, { routes, legacy: { retry: { attempts: 2 } } });
  rig.legacy.handler = async (request) => {
    control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
    await until(() => control.reports.some(({ epochs }) => epochs.notes === 2), 'the owner has changed');
    request.socket.destroy();
  };
  expect((await ask(`${rig.url}/api/notes/7`, { method: 'PUT' })).status).toBe(502);
  expect(rig.legacy.requests).toHaveLength(1);
  expect(rig.candidate.requests).toEqual([]);
});

test('a proxy that stops refuses the writes that it holds, and sends them nowhere', async () => {
  await start(HELD);
  const waiting = write();
  await until(async () => (await heldWrites()) === '1', 'the write is held');
  const stopping = rig.proxy.stop();
  const refused = await waiting;
  expect(refused.status).toBe(503);
  expect(refused.text).toContain('the proxy is stopping');
  await stopping;
  expect(rig.legacy.requests.concat(rig.candidate.requests)).toEqual([]);
});

test('when a client leaves while its write is held, nothing is written', async () => {
  await start({ ...HELD, waitMs: 60_000 });
  const leaving = new AbortController();
  const left = fetch(`${rig.url}/api/notes`, { method: 'POST', body: 'a note', signal: leaving.signal });
  left.catch(() => {});
  await until(async () => (await heldWrites()) === '1', 'the write is held');
  leaving.abort();
  await until(
    async () => /^ficus_client_connections 0$/m.test(await rig.metrics()),
    'its connection is gone',
  );
  await until(async () => (await heldWrites()) === '0', 'its place is free');
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  expect(await write('bob')).toMatchObject({ status: 200, side: 'candidate' });
  expect(rig.legacy.requests).toEqual([]);
  expect(rig.candidate.requests).toHaveLength(1);
});

test('a fault while a held write is refused is logged, and affects no other request', async () => {
  const logged: string[] = [];
  const writeLine = (line: string): void => {
    if (line.includes('FICUS_PROXY_WRITES_HELD')) throw new Error('the log is lost');
    logged.push(line);
  };
  const logger = pino({ level: 'debug' }, { write: writeLine });
  await start({ ...HELD, waitMs: 50 }, { start: { logger } });
  expect((await write()).status).toBe(503);
  await until(() => logged.some((line) => line.includes('the log is lost')), 'the fault is logged');
  expect((await rig.get('/api/notes')).status).toBe(200);
});

/** A write that finds the only connection to the legacy in use. @returns frees it */
async function startBusy(): Promise<() => void> {
  await start({ owner: 'legacy', epoch: 1, writes: 'open' }, { legacy: { pool: { connections: 1 } } });
  let free = (): void => {};
  const { handler } = rig.legacy;
  rig.legacy.handler = (request, response) => {
    if (request.url === '/slow') free = () => response.end();
    else handler(request, response);
  };
  void rig.get('/slow');
  await until(() => rig.legacy.requests.length === 1, 'the connection is taken');
  return () => free();
}

const waitsForConnection = (): Promise<void> =>
  until(
    async () => /^ficus_upstream_pending\{upstream="legacy"\} 1$/m.test(await rig.metrics()),
    'the write waits for a connection',
  );

test('a write that gets its connection after the owner has changed goes to the new owner', async () => {
  const free = await startBusy();
  const waiting = write();
  await waitsForConnection();
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await until(() => control.reports.some(({ epochs }) => epochs.notes === 2), 'the owner has changed');
  free();
  expect(await waiting).toMatchObject({ status: 200, side: 'candidate', reason: 'owner-writes' });
  expect(rig.legacy.requests.map(({ method }) => method)).not.toContain('POST');
  // The connection that it returned serves others.
  expect(await rig.get('/other')).toMatchObject({ status: 200, side: 'legacy' });
});

test('a write that gets its connection while its slice is held waits at the gate again', async () => {
  const free = await startBusy();
  const waiting = write();
  await waitsForConnection();
  control.setState({ notes: HELD });
  const held = write('bob');
  await until(async () => (await heldWrites()) === '1', 'the slice is held');
  free();
  await until(async () => (await heldWrites()) === '2', 'the write is back at the gate');
  expect(rig.legacy.requests.map(({ method }) => method)).not.toContain('POST');
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  for (const answer of await Promise.all([waiting, held])) {
    expect(answer).toMatchObject({ status: 200, side: 'candidate', reason: 'owner-writes' });
  }
});

test('a write that the old owner never received is sent to the new owner', async () => {
  const routes = [...ROUTES, { id: 'change', methods: ['PUT'], path: '/api/notes/:id' }];
  // Each pause is random within a second: one of them is long enough.
  const retry = { attempts: 5, backoffMs: 1_000, perSecond: 1_000 };
  const legacy = { url: 'http://127.0.0.1:1', retry };
  await start({ owner: 'legacy', epoch: 1, writes: 'open' }, { routes, legacy });
  const change = ask(`${rig.url}/api/notes/7`, { method: 'PUT' });
  await until(() => rig.logs.some(({ msg }) => msg === 'upstream connection lost'), 'an attempt has failed');
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  expect(await change).toMatchObject({ status: 200, side: 'candidate', reason: 'owner-writes' });
  expect(rig.candidate.requests).toHaveLength(1);
});

test('a write from outside the slice that may have arrived is not sent again while the slice is held', async () => {
  const slice = { writtenBy: [{ path: '/api/orders/:id' }] };
  await start({ owner: 'legacy', epoch: 1, writes: 'open' }, { slice, legacy: { retry: { attempts: 2 } } });
  let held: Promise<Answer> | undefined;
  rig.legacy.handler = async (request) => {
    control.setState({ notes: { ...HELD, waitMs: 1_000 } });
    held = write('bob');
    await until(async () => (await heldWrites()) === '1', 'the slice is held');
    request.socket.destroy();
  };
  expect((await ask(`${rig.url}/api/orders/7`, { method: 'DELETE' })).status).toBe(502);
  expect(rig.legacy.requests).toHaveLength(1);
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  expect(await held).toMatchObject({ status: 200, side: 'candidate' });
});
