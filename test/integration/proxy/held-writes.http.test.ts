/** A cutover holds a slice's writes in the proxy and releases them: each is decided when it leaves, never before. */
import { connect } from 'node:net';
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

const HELD: SliceState = {
  owner: 'legacy',
  epoch: 1,
  writes: 'held',
  waitMs: 60_000,
  attempt: 4,
  leaseMs: 60_000,
};

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

test('once the journal has the new owner, who waits for a write reads from it, and the write still waits', async () => {
  await start(HELD);
  const waiting = write();
  await until(async () => (await heldWrites()) === '1', 'the write is held');
  const adopted = { ...HELD, owner: 'candidate', epoch: 4 } as const;
  control.setState({ notes: adopted });
  const read = () => rig.get('/api/notes', { cookie: 'sid=ada' });
  await until(async () => (await read()).side === 'candidate', 'the new owner is known');
  expect(await read()).toMatchObject({ reason: 'pinned' });
  expect(await heldWrites()).toBe('1');
  control.setState({ notes: { owner: 'candidate', epoch: 4, writes: 'open' } });
  expect(await waiting).toMatchObject({ status: 200, side: 'candidate' });
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
  await start(HELD);
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
    control.setState({ notes: HELD });
    held = write('bob');
    await until(async () => (await heldWrites()) === '1', 'the slice is held');
    request.socket.destroy();
  };
  expect((await ask(`${rig.url}/api/orders/7`, { method: 'DELETE' })).status).toBe(502);
  expect(rig.legacy.requests).toHaveLength(1);
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  expect(await held).toMatchObject({ status: 200, side: 'candidate' });
});

const held = () => control.holds.at(-1)?.slices.notes;
const acknowledges = (count: number): Promise<void> =>
  until(() => held()?.held === count, `acknowledges ${count} held writes`);

test('500 held writes go to the new owner a few at a time, and none fails', async () => {
  await start(HELD, { proxy: { admin: '127.0.0.1:0' } });
  const writes = Array.from({ length: 500 }, (_, at) => write(`user-${at}`));
  await acknowledges(500);
  let [now, most] = [0, 0];
  rig.candidate.handler = (_, response) => {
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
      response.end();
    }, 5);
  };
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  const answers = await Promise.all(writes);
  expect(answers.filter(({ status, side }) => status === 200 && side === 'candidate')).toHaveLength(500);
  expect(most).toBeLessThanOrEqual(32);
  expect(rig.legacy.requests).toEqual([]);
});

test('one user’s writes keep their order over several connections', async () => {
  await start(HELD);
  const bodies = Array.from({ length: 20 }, (_, at) => `note ${at}`);
  const answers: Promise<Answer>[] = [];
  for (const [at, body] of bodies.entries()) {
    const headers = { cookie: 'sid=ada', connection: 'close' };
    answers.push(ask(`${rig.url}/api/notes`, { method: 'POST', headers, body }));
    await acknowledges(at + 1);
  }
  const seen: string[] = [];
  rig.candidate.handler = async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    // The sooner it came, the longer it takes: only order in sending keeps them apart.
    setTimeout(() => {
      seen.push(text);
      response.end();
    }, 20 - seen.length);
  };
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await Promise.all(answers);
  expect(seen).toEqual(bodies);
});

test('a client that expects 100 gets none while its write is held', async () => {
  await start(HELD);
  const { hostname, port } = new URL(rig.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.write(
    'POST /api/notes HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n',
  );
  await acknowledges(1);
  expect(answer).toBe('');
  control.setState({ notes: { owner: 'legacy', epoch: 1, writes: 'open' } });
  await until(() => answer.includes('100 Continue'), 'continued by the upstream');
  socket.write('note');
  await until(() => answer.includes('HTTP/1.1 200'), 'answered');
});

test('of a large body only its beginning is read while it is held', async () => {
  await start(HELD);
  const { hostname, port } = new URL(rig.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const size = 16 * 1_048_576;
  socket.write(`POST /api/notes HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
  socket.write(Buffer.alloc(size));
  await acknowledges(1);
  expect(held()!.heldBytes).toBeGreaterThan(100_000);
  expect(held()!.heldBytes).toBeLessThan(140_000);
  // What the kernel takes is not the proxy's.
  await until(() => socket.bytesWritten > 65_536, 'the kernel is full');
  expect(socket.writableLength).toBeGreaterThan(size / 4);
  socket.destroy();
  control.setState({ notes: { owner: 'legacy', epoch: 1, writes: 'open' } });
});
