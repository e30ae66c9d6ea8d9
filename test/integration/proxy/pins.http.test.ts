/**
 * Read-your-writes: after a write the user reads from the owner until the stream has applied past the write.
 */
import { percentFlag } from '@ficus/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  ask,
  type FakeControl,
  noteFlags,
  type Rig,
  ROUTES,
  startFakeControl,
  startRig,
  until,
} from './rig.ts';

let control: FakeControl;
let rig: Rig;
const ann = { cookie: 'sid=ann' };
const bob = { cookie: 'sid=bob' };
const write = (headers: Record<string, string>) =>
  ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers });

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 0));
  rig = await startRig({ control });
});
afterEach(async () => {
  await rig.close();
  await control.close();
});

test('a writer reads from the owner, all others from the candidate', async () => {
  expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'candidate' });
  expect(await write(ann)).toMatchObject({ side: 'legacy', reason: 'owner-writes' });
  expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'legacy', reason: 'pinned' });
  expect(await rig.get('/api/notes', bob)).toMatchObject({ side: 'candidate' });
});

test('a writer who gets a new session from the answer is pinned under that as well', async () => {
  rig.legacy.handler = (_, response) => {
    response.setHeader('set-cookie', ['sid=; Path=/old', 'theme=dark', 'sid=new; Path=/; HttpOnly']);
    response.end('written');
  };
  // A guest's first write, and a renewed session.
  for (const [before, position, applied] of [
    [{}, '0/200', '0/300'],
    [ann, '0/400', '0/500'],
  ] as const) {
    control.position = position;
    expect(await write(before)).toMatchObject({ side: 'legacy', reason: 'owner-writes' });
    expect(await rig.get('/api/notes', { cookie: 'sid=new' })).toMatchObject({ reason: 'pinned' });
    expect(await rig.get('/api/notes', before)).toMatchObject({ reason: 'pinned' });
    expect(await rig.get('/api/notes', { cookie: 'sid=dark' })).toMatchObject({ side: 'candidate' });
    control.progress('notes', applied);
    await until(async () => (await rig.get('/api/notes', { cookie: 'sid=new' })).side === 'candidate');
    expect(await rig.get('/api/notes', before)).toMatchObject({ side: 'candidate' });
  }
});

test('an id of any length is pinned as itself', async () => {
  const long = (last: string) => ({ cookie: `sid=${'x'.repeat(5_000)}${last}` });
  await write(long('a'));
  expect(await rig.get('/api/notes', long('a'))).toMatchObject({ reason: 'pinned' });
  expect(await rig.get('/api/notes', long('b'))).toMatchObject({ side: 'candidate' });
});

test('the pin lasts while the write is in progress', async () => {
  let answer = (): void => {};
  rig.legacy.handler = (request, response) => {
    if (request.method === 'POST') answer = () => response.end('written');
    else response.end('read');
  };
  const written = write(ann);
  await until(() => rig.legacy.requests.length === 1, 'the write is at the legacy');
  expect(await rig.get('/api/notes', ann)).toMatchObject({ reason: 'pinned' });
  answer();
  await written;
});

/** The write stands in the source's position from this time on, as `0/200`. */
function commitAt(atMs: number): void {
  const position = () => (performance.now() < atMs ? '0/100' : '0/200');
  Object.defineProperty(control, 'position', { get: position });
}

async function isPinnedUntilCommitted(): Promise<void> {
  await until(() => control.asked === 1, 'the position is requested');
  control.progress('notes', '0/150');
  for (let turn = 0; turn < 5; turn += 1) {
    expect(await rig.get('/api/notes', ann)).toMatchObject({ reason: 'pinned' });
  }
  control.progress('notes', '0/200');
  await until(async () => (await rig.get('/api/notes', ann)).side === 'candidate', 'released');
}

test('a write whose client disconnected may be executed later: its position is not requested at once', async () => {
  await rig.close();
  const firstByteMs = 2_000;
  rig = await startRig({ control, legacy: { timeouts: { firstByteMs } } });
  rig.legacy.handler = (request, response) => {
    if (request.method === 'GET') response.end('read');
  };
  const giveUp = new AbortController();
  const written = ask(`${rig.url}/api/notes`, {
    method: 'POST',
    body: 'x',
    headers: ann,
    signal: giveUp.signal,
  });
  await until(() => rig.legacy.requests.length === 1, 'the write is at the legacy');
  // The legacy does not notice, and commits just before its answer would time out. A timer may be a
  // millisecond early.
  commitAt(performance.now() + firstByteMs - 1);
  giveUp.abort();
  await expect(written).rejects.toThrow();
  await until(
    () => rig.logs.some(({ msg }) => msg === 'client disconnected before the answer was complete'),
    'noticed',
  );
  await isPinnedUntilCommitted();
});

test.each(['client', 'upstream'])(
  'a write whose answer had begun when its %s broke it off may be executed later',
  async (side) => {
    await rig.close();
    const idleMs = 2_000;
    rig = await startRig({ control, legacy: { timeouts: { firstByteMs: 1_000, idleMs } } });
    let cut = (): void => {};
    rig.legacy.handler = (request, response) => {
      if (request.method === 'GET') response.end('read');
      else response.write('begun');
      cut = () => void request.socket.destroy();
    };
    const giveUp = new AbortController();
    const begun = await fetch(`${rig.url}/api/notes`, {
      method: 'POST',
      body: 'x',
      headers: ann,
      signal: giveUp.signal,
    });
    commitAt(performance.now() + idleMs - 1);
    if (side === 'client') giveUp.abort();
    else cut();
    await expect(begun.text()).rejects.toThrow();
    await isPinnedUntilCommitted();
  },
);

test.each([
  ['by a retry', { retry: { attempts: 2, backoffMs: 1, perSecond: 100 } }],
  ['on a fresh connection after a kept one', { retry: { attempts: 1 } }],
])('a write that was answered %s may be executed later by its first attempt', async (_, { retry }) => {
  await rig.close();
  const firstByteMs = 2_000;
  rig = await startRig({
    control,
    legacy: { timeouts: { firstByteMs }, retry },
    routes: [...ROUTES, { id: 'put', methods: ['PUT'], path: '/api/notes/:id' }],
  });
  if (retry.attempts === 1) await rig.get('/elsewhere', {});
  let attempts = 0;
  rig.legacy.handler = (request, response) => {
    if (request.method === 'GET') response.end('read');
    else if (++attempts === 1) request.socket.destroy();
    else response.end('written');
  };
  commitAt(performance.now() + firstByteMs - 1);
  const written = await ask(`${rig.url}/api/notes/1`, { method: 'PUT', headers: ann });
  expect(written).toMatchObject({ status: 200, text: 'written' });
  await isPinnedUntilCommitted();
});

test('released once the stream has applied past the write, and not before', async () => {
  control.position = '0/200';
  await write(ann);
  await until(() => control.asked === 1, 'the position is requested');
  control.progress('notes', '0/1FF');
  expect(await rig.get('/api/notes', ann)).toMatchObject({ reason: 'pinned' });
  control.progress('notes', '0/200');
  await until(async () => (await rig.get('/api/notes', ann)).side === 'candidate', 'released');
});

test('unhealthy progress releases nothing', async () => {
  control.position = '0/200';
  await write(ann);
  await until(() => control.asked === 1, 'the position is requested');
  control.progress('notes', '0/900', false);
  control.setFlag(percentFlag('notes.shadow', 'notes', 1));
  expect(await rig.get('/api/notes', ann)).toMatchObject({ reason: 'pinned' });
});

test('an unavailable position is requested again; pins stay meanwhile', async () => {
  await write(ann);
  await until(() => control.asked >= 2, 'asked twice');
  expect(await rig.get('/api/notes', ann)).toMatchObject({ reason: 'pinned' });
  control.position = '0/10';
  control.progress('notes', '0/10');
  await until(async () => (await rig.get('/api/notes', ann)).side === 'candidate', 'released');
});

test('without the control plane pins stay, and its return releases them', async () => {
  control.position = '0/10';
  control.cut();
  control.position = undefined;
  await write(ann);
  expect(await rig.get('/api/notes', ann)).toMatchObject({ reason: 'pinned' });
  control.position = '0/10';
  await until(() => control.open === 2, 'connected again');
  control.progress('notes', '0/10');
  await until(async () => (await rig.get('/api/notes', ann)).side === 'candidate', 'released');
});

test('reports traffic and epochs; observations arrive', async () => {
  control.setFlag(percentFlag('notes.shadow', 'notes', 100));
  control.setState({ notes: { owner: 'legacy', epoch: 7, writes: 'open' } });
  await until(async () => {
    await rig.get('/api/notes', bob);
    return control.observations.length > 0;
  }, 'an observation');
  expect(control.observations[0]).toMatchObject({ slice: 'notes', route: 'list', servedBy: 'candidate' });
  await until(() => control.reports.some(({ epochs }) => epochs.notes === 7), 'the epoch is reported');
  const counted = () => control.reports.flatMap(({ traffic }) => traffic);
  await until(() => counted().some(({ side }) => side === 'candidate'), 'traffic is reported');
});

test('the owner of a slice gets its writes', async () => {
  control.setState({ notes: { owner: 'candidate', epoch: 2, writes: 'open' } });
  await until(async () => (await write(bob)).side === 'candidate', 'the candidate owns');
});

test('while callers cannot be identified, the legacy serves them: one of them may have just written', async () => {
  await rig.close();
  const identify = { user: { cookie: 'sid', introspect: '/internal/whoami' } };
  rig = await startRig({ control, proxy: { identify } });
  const well = rig.legacy.handler;
  rig.legacy.handler = (request, response) => {
    if (request.url === '/internal/whoami') response.writeHead(500).end();
    else well(request, response);
  };
  expect(await rig.get('/api/notes', ann)).toMatchObject({ side: 'legacy', reason: 'caller-unknown' });
  expect(await rig.get('/api/notes')).toMatchObject({ side: 'candidate' });
  // An unidentified writer may read as any user: all users read from the owner until the write is applied.
  expect(await write(ann)).toMatchObject({ reason: 'owner-writes' });
  expect(await rig.get('/api/notes')).toMatchObject({ reason: 'pinned' });
  control.position = '0/5';
  control.progress('notes', '0/5');
  await until(async () => (await rig.get('/api/notes')).side === 'candidate', 'released');
});
