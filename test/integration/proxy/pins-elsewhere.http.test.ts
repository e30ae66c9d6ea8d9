/** Read-your-writes over several proxies, and over a restart: a user who wrote through one reads from the owner at every other. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explain } from './explain-rig.ts';
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

let control: FakeControl;
const rigs: Rig[] = [];

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 0));
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
  await control.close();
});

async function start(more: RigOptions = {}): Promise<Rig> {
  const rig = await startRig({ control, ...more });
  rigs.push(rig);
  return rig;
}

const write = (rig: Rig, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(`${rig.url}/api/notes`, { method: 'POST', body: 'x', headers: { cookie: 'sid=ann', ...headers } });

const cookiesOf = ({ headers }: Answer): string[] =>
  headers.getSetCookie().map((cookie) => cookie.split(';')[0]!);

/** What a browser sends: its session, and what it was told to keep. */
const read = (rig: Rig, cookies: readonly string[], sid = 'ann') =>
  rig.get('/api/notes', { cookie: [`sid=${sid}`, ...cookies].join('; ') });

test('a user who wrote through one proxy reads from the owner at another, until the stream has applied the write', async () => {
  const [first, second] = [await start(), await start()];
  const written = await write(first);
  expect(written.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^ficus_wrote_[0-9a-f]{6}=[0-9a-z-]+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/,
    ),
  ]);
  const kept = cookiesOf(written);
  expect(await read(second, [])).toMatchObject({ side: 'candidate' });
  control.position = '0/200';
  expect(await read(second, kept)).toMatchObject({ side: 'legacy', reason: 'pinned' });
  expect(await read(second, [], 'bob')).toMatchObject({ side: 'candidate' });
  control.progress('notes', '0/1FF');
  await until(() => control.asked > 0, 'the position is requested');
  expect(await read(second, kept)).toMatchObject({ side: 'legacy', reason: 'pinned' });
  control.progress('notes', '0/200');
  await until(async () => (await read(second, kept)).side === 'candidate', 'released');
  // The same write pins once; the next one again.
  const { asked } = control;
  expect(await read(second, kept)).toMatchObject({ side: 'candidate' });
  expect(control.asked).toBe(asked);
  control.position = '0/300';
  expect(await read(second, cookiesOf(await write(first)))).toMatchObject({
    side: 'legacy',
    reason: 'pinned',
  });
});

test('a restart of the proxy forgets no write', async () => {
  const before = await start();
  const kept = cookiesOf(await write(before));
  await before.close();
  rigs.length = 0;
  expect(await read(await start(), kept)).toMatchObject({ side: 'legacy', reason: 'pinned' });
});

test('at the proxy itself a write is asked about once', async () => {
  const rig = await start();
  control.position = '0/200';
  const kept = cookiesOf(await write(rig));
  control.progress('notes', '0/200');
  await until(async () => (await read(rig, kept)).side === 'candidate', 'released');
  expect(control.asked).toBe(1);
});

test('explain says so, and uses nothing up', async () => {
  const [first, second] = [await start(), await start({ proxy: { admin: '127.0.0.1:0' } })];
  const [kept] = cookiesOf(await write(first));
  const headers = { cookie: `sid=ann; ${kept}` };
  for (let round = 0; round < 2; round += 1)
    expect(await explain(second, { headers })).toMatchObject({
      serve: 'legacy',
      pin: { pinned: true, who: 'caller' },
    });
  expect(await read(second, [kept!])).toMatchObject({ reason: 'pinned' });
});

test('a cookie that no proxy has set pins no caller', async () => {
  const [first, second] = [await start(), await start()];
  control.position = '0/200';
  const [name] = cookiesOf(await write(first))[0]!.split('=');
  await until(() => control.asked === 1, 'of the write itself');
  for (const value of [
    '',
    'x',
    '0123456-1',
    '01234567-',
    `01234567-${'1'.repeat(23)}`,
    `01234567-${'1'.repeat(25)}`,
    `01234567-${'A'.repeat(24)}`,
    `"01234567-${'1'.repeat(24)}`,
  ])
    expect(await read(second, [`${name}=${value}`])).toMatchObject({ side: 'candidate' });
  expect(control.asked).toBe(1);
});

// RFC 6265 section 5.4: one for the parent domain, which any of its hosts may set, is sent too, the older first.
test('a cookie of the same name before it hides no write', async () => {
  const [first, second] = [await start(), await start()];
  const kept = cookiesOf(await write(first))[0]!;
  const planted = `${kept.split('=')[0]}=x`;
  expect(await read(second, [planted, kept])).toMatchObject({ side: 'legacy', reason: 'pinned' });
});

test('a caller who was unknown when their write was seen is pinned once they are known', async () => {
  const [first, second] = [await start(), await start()];
  const kept = cookiesOf(await write(first));
  await second.get('/api/notes', { cookie: kept.join('; ') });
  expect(await read(second, kept)).toMatchObject({ side: 'legacy', reason: 'pinned' });
});

test('the cookie is secure where the client came by HTTPS, and set for each slice that is written', async () => {
  const rig = await start({
    proxy: { trustedProxies: ['127.0.0.1/32'] },
    slice: { writtenBy: [{ methods: ['GET', 'POST'], path: '/api/orders' }] },
  });
  const written = await write(rig, { 'x-forwarded-proto': 'https' });
  expect(written.headers.getSetCookie()).toEqual([expect.stringMatching(/; Secure$/)]);
  const foreign = await ask(`${rig.url}/api/orders`, { method: 'POST', headers: { cookie: 'sid=ann' } });
  expect(foreign.headers.getSetCookie()[0]).toMatch(/^ficus_wrote_/);
  // A cache may keep the answer to a GET, even to one that writes.
  expect((await rig.get('/api/orders')).headers.getSetCookie()).toEqual([]);
  expect((await rig.get('/api/notes')).headers.getSetCookie()).toEqual([]);
  expect((await ask(`${rig.url}/other`, { method: 'POST' })).headers.getSetCookie()).toEqual([]);
});

test('without proxy.pinCookie none is set or read', async () => {
  const [first, second] = [await start(), await start({ proxy: { pinCookie: false } })];
  const kept = cookiesOf(await write(first));
  expect(await read(second, kept)).toMatchObject({ side: 'candidate' });
  expect(cookiesOf(await write(second))).toEqual([]);
});
