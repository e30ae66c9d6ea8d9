/**
 * The proxy's part in a cutover: it acknowledges what it has applied, sends writes only under a lease that the control plane
 * has renewed, and says when its last write has ended.
 */
import { connect } from 'node:net';
import type { ProxyStatus, SliceHold, SliceState } from '@ficus/core';
import { afterEach, expect, test } from 'vitest';
import {
  type Answer,
  ask,
  type FakeControl,
  noteFlags,
  type Rig,
  type RigOptions,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

const OPEN: SliceState = { owner: 'legacy', epoch: 1, writes: 'open' };
const ATTEMPT = { owner: 'legacy', epoch: 1, attempt: 2, leaseMs: 60_000, waitMs: 10_000 } as const;
const LEASED: SliceState = { ...ATTEMPT, writes: 'leased' };
const HELD: SliceState = { ...ATTEMPT, writes: 'held' };

let rig: Rig;
let control: FakeControl;

afterEach(async () => {
  await control.close();
  await rig.close();
});

async function start(state: SliceState, more: RigOptions = {}): Promise<void> {
  control = await startFakeControl(noteFlags(0, 0));
  control.setState({ notes: state });
  rig = await startRig({ control, ...more });
}

const write = (user = 'ada'): Promise<Answer> =>
  ask(`${rig.url}/api/notes`, { method: 'POST', headers: { cookie: `sid=${user}` }, body: 'a note' });

const last = (): SliceHold | undefined => control.holds.at(-1)?.slices.notes;

const acknowledges = (what: Partial<SliceHold>): Promise<void> =>
  until(
    () => Object.entries(what).every(([key, value]) => last()?.[key as keyof SliceHold] === value),
    `acknowledges ${JSON.stringify(what)}`,
  );

const heldWrites = async (): Promise<string | undefined> =>
  /^ficus_held_writes (\d+)$/m.exec(await rig.metrics())?.[1];

test('an idle proxy acknowledges each step at once, with growing numbers, and nothing while its slices are open', async () => {
  await start(OPEN);
  expect((await write()).status).toBe(200);
  expect(control.holds).toEqual([]);
  control.setState({ notes: LEASED });
  await acknowledges({ attempt: 2, writes: 'leased', inFlight: 0 });
  control.setState({ notes: HELD });
  await acknowledges({ attempt: 2, writes: 'held', inFlight: 0, held: 0, heldBytes: 0, full: false });
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await until(async () => (await write()).side === 'candidate', 'released');
  const numbers = control.holds.map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  expect(new Set(control.holds.map(({ proxyId }) => proxyId)).size).toBe(1);
});

test('it acknowledges four times in each lease', async () => {
  await start({ ...ATTEMPT, writes: 'leased', leaseMs: 200 });
  await acknowledges({ writes: 'leased' });
  const [from, at] = [control.holds.length, performance.now()];
  await until(() => control.holds.length >= from + 4, 'renews');
  expect(performance.now() - at).toBeGreaterThan(100);
});

test('a slice that is refused takes no lease from the others', async () => {
  await start(OPEN);
  control.renewsOnly = ['notes'];
  const short = { ...LEASED, leaseMs: 400, waitMs: 1_000 };
  control.setState({ notes: short, users: short });
  await until(() => control.holds.length >= 8, 'the first leases have run out');
  expect(control.holds.at(-1)!.slices).toMatchObject({ notes: { attempt: 2 }, users: { attempt: 2 } });
  expect((await write()).status).toBe(200);
});

test('no write waits for the first answer; without one they wait from the moment in which the first lease has run out', async () => {
  await start(OPEN);
  control.answersHolds = false;
  control.setState({ notes: { ...LEASED, leaseMs: 1_000 } });
  await acknowledges({ writes: 'leased' });
  expect(await write()).toMatchObject({ status: 200, side: 'legacy' });
  expect(last()).toMatchObject({ held: 0 });
  const late: Promise<Answer>[] = [];
  await until(async () => {
    late.push(write(`user-${late.length}`));
    return (await heldWrites()) !== '0';
  }, 'the lease has run out');
  expect(await rig.get('/api/notes')).toMatchObject({ status: 200, side: 'legacy' });
  control.answersHolds = true;
  expect(new Set((await Promise.all(late)).map(({ status }) => status))).toEqual(new Set([200]));
  expect((await write()).status).toBe(200);
  control.answersHolds = false;
  const later: Promise<Answer>[] = [];
  await until(async () => {
    later.push(write(`user-${later.length}`));
    return (await heldWrites()) !== '0';
  }, 'the lease has run out again');
  control.setState({ notes: OPEN });
  expect(new Set((await Promise.all(later)).map(({ status }) => status))).toEqual(new Set([200]));
});

test('a proxy that loses the control plane under a lease refuses writes after their wait; other requests are served', async () => {
  await start({ ...LEASED, leaseMs: 300, waitMs: 100 });
  await until(async () => (await write()).status === 200, 'it has a lease');
  const sent = rig.legacy.requests.length;
  await control.close();
  await until(async () => (await write()).status === 503, 'the lease has run out');
  const refused = await write();
  expect(refused).toMatchObject({ status: 503 });
  expect(refused.headers.get('retry-after')).toBe('1');
  expect((await rig.get('/api/notes')).status).toBe(200);
  expect((await ask(`${rig.url}/other`, { method: 'POST' })).status).toBe(200);
  expect(rig.legacy.requests.length).toBeGreaterThan(sent);
});

test('a lease that runs out while a write waits for its connection: it is not sent', async () => {
  await start({ ...LEASED, leaseMs: 500 }, { legacy: { pool: { connections: 1 } } });
  await until(async () => (await write()).status === 200, 'it has a lease');
  let free = (): void => {};
  const { handler } = rig.legacy;
  rig.legacy.handler = (request, response) => {
    if (request.url === '/slow') free = () => response.end();
    else handler(request, response);
  };
  void rig.get('/slow');
  await until(() => rig.legacy.requests.at(-1)?.url === '/slow', 'the connection is taken');
  const sent = rig.legacy.requests.length;
  const waiting = write();
  await until(
    async () => /^ficus_upstream_pending\{upstream="legacy"\} 1$/m.test(await rig.metrics()),
    'the write waits for a connection',
  );
  control.answersHolds = false;
  const ranOutAt = performance.now() + 500;
  await until(() => performance.now() > ranOutAt, 'the lease has run out');
  free();
  await until(async () => (await heldWrites()) === '1', 'it waits at the gate again');
  expect(rig.legacy.requests).toHaveLength(sent);
  control.setState({ notes: OPEN });
  expect((await waiting).status).toBe(200);
});

test('a hold is drained when the last write that was sent before has ended, an event stream too', async () => {
  await start(OPEN);
  let answer = (): void => {};
  rig.legacy.handler = (request, response) => {
    if (request.method !== 'POST') response.end();
    else if (request.headers.accept === 'text/event-stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    } else answer = () => response.end();
  };
  const slow = write();
  const leaving = new AbortController();
  const stream = await fetch(`${rig.url}/api/notes`, {
    method: 'POST',
    headers: { accept: 'text/event-stream' },
    signal: leaving.signal,
  });
  await until(() => rig.legacy.requests.length === 2, 'both are at the legacy');
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 2 });
  expect(last()?.endless).toEqual({ add: 1 });
  answer();
  await slow;
  await acknowledges({ writes: 'held', inFlight: 1 });
  leaving.abort();
  await stream.text().catch(() => {});
  // Its client has left: whether the legacy still works on it is not known.
  await acknowledges({ writes: 'held', inFlight: 1, orphaned: 1 });
});

test('a client that leaves during its write leaves it in flight for as long as it may be executed', async () => {
  await start(OPEN, { legacy: { timeouts: { firstByteMs: 2_000 } } });
  rig.legacy.handler = () => {};
  const leaving = new AbortController();
  const left = fetch(`${rig.url}/api/notes`, { method: 'POST', signal: leaving.signal }).catch(() => {});
  await until(() => rig.legacy.requests.length === 1, 'it is at the legacy');
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 1, orphaned: 0 });
  leaving.abort();
  await left;
  await acknowledges({ inFlight: 1, orphaned: 1 });
  await acknowledges({ inFlight: 0, orphaned: 0 });
});

test('states of the past neither open a hold nor hold again what was released', async () => {
  await start({ owner: 'legacy', epoch: 3, writes: 'open' });
  const attempt = { ...ATTEMPT, epoch: 3, attempt: 5 };
  control.setState({ notes: { ...attempt, writes: 'held' } });
  await acknowledges({ attempt: 5, writes: 'held' });
  const waiting = write();
  await until(async () => (await heldWrites()) === '1', 'the write is held');
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  control.setState({ notes: { ...attempt, attempt: 4, writes: 'leased' } });
  await until(
    () => rig.logs.filter(({ msg }) => String(msg).startsWith('a state of the past')).length === 2,
    'both are ignored',
  );
  expect(await heldWrites()).toBe('1');
  control.setState({ notes: { owner: 'candidate', epoch: 5, writes: 'open' } });
  expect(await waiting).toMatchObject({ status: 200, side: 'candidate' });
  control.setState({ notes: { ...attempt, writes: 'held' } });
  await until(
    () => rig.logs.filter(({ msg }) => String(msg).startsWith('a state of the past')).length === 3,
    'the third is ignored',
  );
  expect(await write()).toMatchObject({ status: 200, side: 'candidate' });
});

test('a proxy that starts during a hold comes up holding, and acknowledges it', async () => {
  await start(HELD);
  await acknowledges({ writes: 'held', inFlight: 0 });
  const waiting = write();
  await acknowledges({ held: 1 });
  expect(rig.legacy.requests).toEqual([]);
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  expect(await waiting).toMatchObject({ status: 200, side: 'candidate' });
});

test('a proxy that starts between the journal and the release comes up holding, and sends to the new owner then', async () => {
  const journaled = { ...ATTEMPT, owner: 'candidate', epoch: 2 } as const;
  await start({ ...journaled, writes: 'held' });
  await acknowledges({ attempt: 2, writes: 'held' });
  const waiting = write();
  await acknowledges({ held: 1 });
  expect(rig.legacy.requests).toEqual([]);
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  expect(await waiting).toMatchObject({ status: 200, side: 'candidate' });
});

test('a control plane that is back gets an acknowledgement at once', async () => {
  await start(HELD);
  await acknowledges({ writes: 'held' });
  const before = control.holds.length;
  control.cut();
  await until(() => control.holds.length > before, 'acknowledged again');
  expect(control.holds.at(-1)?.slices.notes).toMatchObject({ writes: 'held', inFlight: 0 });
});

test('of an observed slice it reports each second when writes were in flight, and of others nothing', async () => {
  await start(OPEN);
  const [before] = [Date.now(), await write()];
  control.setState({ notes: { ...OPEN, observed: true } });
  await until(() => control.reports.some(({ busyUntilMs }) => busyUntilMs !== undefined), 'it is observed');
  let answer = (): void => {};
  rig.legacy.handler = (_, response) => {
    answer = () => response.end();
  };
  const slow = write();
  await until(() => rig.legacy.requests.length === 2, 'the write is at the legacy');
  const sentBy = Date.now();
  const busy = () => control.reports.flatMap((report) => report.busy?.notes ?? []);
  await until(() => busy().some(([from, to]) => from <= sentBy && to >= sentBy), 'it is reported');
  await until(() => control.reports.at(-1)?.endless?.notes?.add === 1, 'it is called endless');
  answer();
  await slow;
  const endedBy = Date.now();
  await until(() => (control.reports.at(-1)?.busyUntilMs ?? 0) > endedBy, 'complete up to its end');
  expect(busy().every(([from, to]) => from >= before && to >= from && to <= endedBy)).toBe(true);
  control.setState({ notes: { ...OPEN, observed: false } });
  await until(() => control.reports.at(-1)?.busy === undefined, 'no longer observed');
});

test('status, metrics and explain show the attempt, the lease, and what is in flight and held', async () => {
  await start(OPEN);
  const status = async () => {
    const answer = await fetch(`${rig.proxy.adminAddress}/status`);
    return ((await answer.json()) as ProxyStatus).slices[0]!.attempt;
  };
  expect(await status()).toBeNull();
  control.setState({ notes: LEASED });
  await until(async () => ((await status())?.leaseLeftMs ?? 0) > 0, 'there is a lease');
  expect(await status()).toMatchObject({ attempt: 2, writes: 'leased', acknowledged: { writes: 'leased' } });
  expect(await rig.metrics()).toMatch(/^ficus_lease_seconds\{slice="notes"\} [1-9]/m);
  let answer = (): void => {};
  rig.legacy.handler = (_, response) => {
    answer = () => response.end();
  };
  const slow = write();
  await until(() => rig.legacy.requests.length === 1, 'it is at the legacy');
  control.setState({ notes: HELD });
  const held = write('bob');
  await until(async () => (await status())?.acknowledged?.held === 1, 'it is held');
  expect(await status()).toMatchObject({ writes: 'held', acknowledged: { inFlight: 1, held: 1 } });
  await until(
    async () => /^ficus_writes_in_flight\{slice="notes"\} 1$/m.test(await rig.metrics()),
    'it is in flight',
  );
  expect(await rig.metrics()).toContain('ficus_attempt{slice="notes",writes="held"} 2');
  rig.legacy.handler = (_, response) => void response.end();
  answer();
  control.setState({ notes: OPEN });
  await Promise.all([slow, held]);
  expect(await status()).toBeNull();
});

test('a tunnel on a write route is in flight until it ends, and named', async () => {
  const routes = [{ id: 'live', methods: ['GET'], path: '/api/notes/live', kind: 'write' }];
  await start(OPEN, { routes });
  rig.legacy.server.on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.resume();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n');
  });
  const { hostname, port } = new URL(rig.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.write('GET /api/notes/live HTTP/1.1\r\nHost: a\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n');
  await until(() => answer.includes('101'), 'the tunnel is open');
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 1 });
  expect(last()?.endless).toEqual({ live: 1 });
  socket.destroy();
  await acknowledges({ writes: 'held', inFlight: 0 });
  // While it is held, no tunnel begins.
  const waiting = connect(Number(port), hostname);
  waiting.on('error', () => {});
  waiting.write('GET /api/notes/live HTTP/1.1\r\nHost: a\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n');
  await acknowledges({ held: 1 });
  waiting.destroy();
  await acknowledges({ held: 0 });
});

test('a request from outside the slice that writes its tables is held and counted as its own are', async () => {
  await start(OPEN, { slice: { writtenBy: [{ path: '/api/orders' }] } });
  const order = () => ask(`${rig.url}/api/orders`, { method: 'POST' });
  let answer = (): void => {};
  rig.legacy.handler = (_, response) => {
    answer = () => response.end();
  };
  const slow = order();
  await until(() => rig.legacy.requests.length === 1, 'it is at the legacy');
  control.setState({ notes: HELD });
  await acknowledges({ writes: 'held', inFlight: 1 });
  const held = order();
  await acknowledges({ held: 1 });
  answer();
  await slow;
  await acknowledges({ inFlight: 0 });
  rig.legacy.handler = (_, response) => void response.end();
  control.setState({ notes: OPEN });
  expect((await held).status).toBe(200);
});
