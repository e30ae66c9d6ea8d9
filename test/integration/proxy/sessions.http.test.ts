/**
 * Sessions that change hands: what introspection has answered about a session counts no longer once the session may
 * have changed, by whatever request.
 */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, type Rig, startRig, until } from './rig.ts';
import { IDENTIFY, makeSessionShop, type SessionShop } from './session-shop.ts';

let rig: Rig;
let shop: SessionShop;
beforeEach(async () => {
  rig = await startRig({ serve: 100, proxy: { identify: IDENTIFY } });
  shop = makeSessionShop(rig.legacy, rig.candidate);
  shop.users.set('one', 'ann');
});
afterEach(() => rig.close());

const as = (session: string) => ({ cookie: `theme=dark; shop_session=${session}` });
const whoIs = async (session: string) => (await rig.get('/api/notes', as(session))).text;
const send = (method: string, path: string, session = 'one') =>
  ask(rig.url + path, { method, headers: as(session) });

describe('counts at once', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'a login as somebody else by %s, outside of slices',
    async (method) => {
      expect(await whoIs('one')).toBe('ann');
      shop.page = (_, response, session) => {
        shop.users.set(session, 'bob');
        response.end();
      };
      await send(method, '/account/switch');
      expect(await whoIs('one')).toBe('bob');
    },
  );

  test('a write that carries several sessions, for each that a side may take', async () => {
    shop.users.set('two', 'bob');
    expect([await whoIs('one'), await whoIs('two')]).toEqual(['ann', 'bob']);
    shop.page = (_, response) => {
      shop.users.set('one', 'cid').set('two', 'dora');
      response.end();
    };
    await send('POST', '/account/switch', 'one; shop_session=two');
    expect([await whoIs('one'), await whoIs('two')]).toEqual(['cid', 'dora']);
  });

  test('a logout by a write of the slice', async () => {
    expect(await whoIs('one')).toBe('ann');
    rig.candidate.handler = ((answer) => (request, response) => {
      if (request.method === 'POST') shop.users.delete('one');
      answer(request, response);
    })(rig.candidate.handler);
    expect(await send('POST', '/api/notes')).toMatchObject({ status: 200, side: 'candidate' });
    expect(await whoIs('one')).toBe('guest');
  });

  test.each([
    ['a logout by GET, which ends the cookie', 'shop_session=; Max-Age=0; Path=/', undefined, 'guest'],
    ['a login by GET, back from an identity provider', 'shop_session=one; HttpOnly', 'bob', 'bob'],
    ['a cookie among others', 'shop_session=one; Path=/', 'cid', 'cid'],
  ])('%s', async (_, cookie, user, after) => {
    expect(await whoIs('one')).toBe('ann');
    shop.page = (_, response) => {
      if (user === undefined) shop.users.delete('one');
      else shop.users.set('one', user);
      response.setHeader('set-cookie', ['theme=light', cookie]);
      response.writeHead(302, { location: '/' }).end();
    };
    expect((await send('GET', '/callback')).status).toBe(302);
    expect(await whoIs('one')).toBe(after);
  });

  test('a session that an answer begins under a name which was a guest’s a moment ago', async () => {
    expect(await whoIs('two')).toBe('guest');
    shop.page = (_, response) => {
      shop.users.set('two', 'bob');
      response.setHeader('set-cookie', 'shop_session=two').end();
    };
    await send('POST', '/login', 'one');
    expect(await whoIs('two')).toBe('bob');
  });
});

test('a question from before the write is answered to no later request, and its answer not kept', async () => {
  let late: ServerResponse | undefined;
  shop.whoami = (_, response) => {
    late = response;
  };
  const before = whoIs('one');
  await until(() => late !== undefined, 'asked');
  shop.page = (_, response) => {
    shop.users.set('one', 'bob');
    response.end();
  };
  await send('POST', '/account/switch');
  shop.whoami = (session, response) => void response.end(JSON.stringify({ user: shop.users.get(session) }));
  expect(await whoIs('one')).toBe('bob');
  late!.end('{"user":"ann"}');
  expect(await before).toBe('ann');
  expect(await whoIs('one')).toBe('bob');
});

test('while a write is in progress its session is asked about again, and no other is', async () => {
  shop.users.set('two', 'bob');
  expect([await whoIs('one'), await whoIs('two')]).toEqual(['ann', 'bob']);
  let finish = (): void => {};
  shop.page = (_, response) => {
    finish = () => response.end();
  };
  const writing = send('POST', '/upload');
  await until(
    () => rig.legacy.requests.some(({ method }) => method === 'POST'),
    'the write is at the legacy',
  );
  const asked = shop.questions;
  shop.users.set('one', 'cid');
  expect([await whoIs('one'), await whoIs('two')]).toEqual(['cid', 'bob']);
  shop.users.set('one', 'dan');
  expect(await whoIs('one')).toBe('dan');
  expect(shop.questions).toBe(asked + 2);
  finish();
  await writing;
  expect([await whoIs('one'), await whoIs('one')]).toEqual(['dan', 'dan']);
  expect(shop.questions).toBe(asked + 3);
});

describe('a write whose answer never came may still change its session', () => {
  const firstByteMs = 2_000;
  beforeEach(async () => {
    await rig.close();
    const timeouts = { firstByteMs };
    rig = await startRig({ serve: 100, proxy: { identify: IDENTIFY }, legacy: { timeouts } });
    shop = makeSessionShop(rig.legacy, rig.candidate);
    shop.users.set('one', 'ann');
  });
  const isAtLegacy = () => rig.legacy.requests.some(({ method }) => method === 'POST');

  test.each(['client', 'proxy'])('when the %s gives up', async (side) => {
    shop.page = () => {};
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const writing = fetch(`${rig.url}/account/switch`, { method: 'POST', headers: as('one'), signal });
    const over = writing.then(
      ({ status }) => status,
      () => 'aborted',
    );
    await until(isAtLegacy, 'the write is at the legacy');
    if (side === 'client') giveUp.abort();
    expect(await over).toBe(side === 'client' ? 'aborted' : 504);
    await until(() =>
      rig.legacy.requests.some(({ socket, method }) => method === 'POST' && socket.destroyed),
    );
    expect(await whoIs('one')).toBe('ann');
    shop.users.set('one', 'bob');
    expect(await whoIs('one')).toBe('bob');
  });

  test('until it no longer can', async () => {
    shop.page = (_, response) => void response.destroy();
    await send('POST', '/account/switch');
    await until(async () => {
      const before = shop.questions;
      await whoIs('one');
      await whoIs('one');
      return shop.questions - before < 2;
    }, 'the session is known again');
  });
});

test('an answer without an end does not keep its session from being known', async () => {
  shop.page = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  const stop = new AbortController();
  const stream = await fetch(`${rig.url}/chat`, { method: 'POST', headers: as('one'), signal: stop.signal });
  expect(stream.status).toBe(200);
  expect([await whoIs('one'), await whoIs('one')]).toEqual(['ann', 'ann']);
  expect(shop.questions).toBe(1);
  stop.abort();
});

test('reads, and writes of other sessions, leave a session known', async () => {
  expect(await whoIs('one')).toBe('ann');
  shop.page = (_, response) => void response.setHeader('set-cookie', 'theme=light').end('page');
  await send('GET', '/page');
  await send('OPTIONS', '/page');
  await send('POST', '/page', 'two');
  await ask(`${rig.url}/page`, { method: 'POST' });
  expect(await whoIs('one')).toBe('ann');
  expect(shop.questions).toBe(1);
});
