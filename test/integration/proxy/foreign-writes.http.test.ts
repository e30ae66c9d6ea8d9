/** Writes outside a slice that change its tables (`writtenBy`): their users read there from the owner. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explainMatch, parseConfigText, startProxy } from '../../../proxy/index.ts';
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

let control: FakeControl;
let rig: Rig;
const ann = { cookie: 'sid=ann' };
const bob = { cookie: 'sid=bob' };
const order = (headers: Record<string, string>, method = 'POST', path = '/api/orders') =>
  ask(`${rig.url}${path}`, { method, headers });
const read = (headers: Record<string, string>) => rig.get('/api/notes', headers);

const writtenBy = [
  { path: '/api/orders' },
  { methods: ['DELETE'], path: '/api/orders/:id', cookies: { sid: 'ann' } },
];
async function start(more: RigOptions = {}): Promise<void> {
  rig = await startRig({ control, slice: { writtenBy }, ...more });
}

beforeEach(async () => {
  control = await startFakeControl(noteFlags(100, 0));
});
afterEach(async () => {
  await rig.close();
  await control.close();
});

test('pin their user there until the stream has caught up, and no other', async () => {
  await start();
  control.position = '0/200';
  expect(await read(ann)).toMatchObject({ side: 'candidate' });
  expect(await order(ann)).toMatchObject({ side: 'legacy', reason: 'no-route', text: 'legacy /api/orders' });
  expect(await read(ann)).toMatchObject({ side: 'legacy', reason: 'pinned' });
  expect(await read(bob)).toMatchObject({ side: 'candidate' });
  await until(() => control.asked === 1, 'the position is requested');
  control.progress('notes', '0/200');
  await until(async () => (await read(ann)).side === 'candidate', 'released');
});

test('pin before they leave', async () => {
  await start();
  let answer = (): void => {};
  rig.legacy.handler = (request, response) => {
    if (request.method === 'POST') answer = () => response.end('ordered');
    else response.end('read');
  };
  const ordered = order(ann);
  await until(() => rig.legacy.requests.length === 1, 'the order is at the legacy');
  expect(await read(ann)).toMatchObject({ reason: 'pinned' });
  answer();
  await ordered;
});

test('are recognised by method, path and conditions', async () => {
  await start();
  await order(ann, 'GET');
  await order(bob, 'DELETE', '/api/orders/7');
  await order(ann, 'POST', '/api/carts');
  for (const user of [ann, bob]) expect(await read(user)).toMatchObject({ side: 'candidate' });
  await order(ann, 'DELETE', '/api/orders/7');
  expect(await read(ann)).toMatchObject({ reason: 'pinned' });
});

test('of another slice pin in both', async () => {
  await start();
  const base = rig.config();
  const { notes } = base.slices;
  const place = { ...notes!.routes[2]!, id: 'place', path: '/api/orders' };
  const orders = { ...notes!, writtenBy: [], routes: [place] };
  const config = { ...base, slices: { notes: notes!, orders } };
  const proxy = await startProxy({ config, inProcess: true, controlUrl: control.url });
  try {
    const url = proxy.address;
    const ordered = await ask(`${url}/api/orders`, { method: 'POST', headers: ann });
    expect(ordered).toMatchObject({ status: 200, reason: 'owner-writes' });
    expect(await ask(`${url}/api/notes`, { headers: ann })).toMatchObject({ reason: 'pinned' });
    const counted = async () =>
      (await (await fetch(`${proxy.adminAddress}/metrics`)).text()).includes('ficus_pins 2');
    await until(counted, 'both');
  } finally {
    await proxy.stop();
  }
});

test('of a caller without identity set the bucket that they read under', async () => {
  await start({ slice: { writtenBy, anonymousBucket: {} } });
  const buckets = (answer: Answer) =>
    answer.headers.getSetCookie().filter((cookie) => cookie.startsWith('ficus_bucket='));
  const [set] = buckets(await order({}));
  const cookie = set!.split(';')[0]!;
  expect(await read({ cookie })).toMatchObject({ reason: 'pinned' });
  expect(buckets(await order({ cookie }))).toEqual([]);
});

test('are explained, and refused when invalid', async () => {
  await start();
  expect(explainMatch(rig.config(), 'POST', '/api/orders')).toMatchObject({
    kind: 'no-route',
    alsoWrites: ['notes'],
  });
  expect(explainMatch(rig.config(), 'GET', '/api/notes')).toMatchObject({ kind: 'matched', alsoWrites: [] });
  const document = (slice: object) =>
    JSON.stringify({
      version: 1,
      flags: { provider: 'file', file: 'f' },
      legacy: { url: 'http://legacy' },
      slices: { notes: { candidate: { url: 'http://notes' }, routes: ROUTES, ...slice } },
    });
  expect(parseConfigText(document({ writtenBy }), {})).toMatchObject({
    problems: [{ path: ['slices', 'notes', 'writtenBy'] }],
  });
  const tables = [{ from: 'public.a', to: 'public.a' }];
  const bad = parseConfigText(document({ tables, writtenBy: [{ path: '/a(' }] }), {});
  expect(bad.ok).toBe(false);
});
