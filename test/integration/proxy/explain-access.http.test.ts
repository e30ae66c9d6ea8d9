/** Who may ask a proxy to explain itself, and what a malformed question is answered. */
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { bodyOf, post } from './explain-rig.ts';
import { type Rig, type RigOptions, sendRaw, startFakeControl, startRig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const start = async (options: RigOptions = {}): Promise<string> => {
  rig = await startRig(options);
  return rig.proxy.adminAddress!;
};

describe('without a token of the control plane', () => {
  test.each<[string, Record<string, string>, number]>([
    ['a program of this machine', {}, 200],
    ['a page, wherever it comes from', { origin: 'http://127.0.0.1:8080' }, 403],
    ['a part of a page', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a name that was rebound to this machine', { host: 'shop.example' }, 403],
  ])('%s', async (_, fields, status) => {
    const answer = await post(await start(), bodyOf({}), fields);
    expect(answer.status).toBe(status);
    if (status !== 200) expect(answer.text).toContain('FICUS_PROXY_NOT_EXPLAINED');
  });
});

describe('with tokens', () => {
  const MAY = 'a token that may read 1234';
  const MAY_NOT = 'a token that reports 12345';

  test.each<[string, Record<string, string>, number, string]>([
    ['none', {}, 401, 'FICUS_CONTROL_TOKEN_MISSING'],
    ['an unknown one', { authorization: 'Bearer made up for this' }, 403, 'FICUS_PROXY_NOT_EXPLAINED'],
    ['one without the role', { authorization: `Bearer ${MAY_NOT}` }, 403, 'FICUS_CONTROL_ROLE_MISSING'],
    ['one that may read', { authorization: `Bearer ${MAY}`, host: 'edge-1.internal' }, 200, ''],
  ])('%s', async (_, fields, status, code) => {
    const control = await startFakeControl();
    try {
      await start({
        control,
        controlTokens: [
          { name: 'ann', roles: ['read'], token: MAY },
          { name: 'edge', roles: ['report'], token: MAY_NOT },
        ],
      });
      const answer = await post(rig.proxy.adminAddress!, bodyOf({}), fields);
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(code);
    } finally {
      await control.close();
    }
  });
});

describe('a question that is none', () => {
  test.each<[string, string]>([
    ['no JSON', 'secret'],
    ['no document', '["secret"]'],
    ['a key too many', JSON.stringify({ method: 'GET', url: '/', secret: 1 })],
    [
      'a field with a line break',
      JSON.stringify({ method: 'GET', url: '/', headers: ['a', 'secret\r\nx: y'] }),
    ],
    [
      'a field that is cut to a line break as bytes',
      JSON.stringify({ method: 'GET', url: '/', headers: ['a', 'secret\u010d\u010ax: y'] }),
    ],
    ['a name that is no token', JSON.stringify({ method: 'GET', url: '/', headers: ['secret x', 'y'] })],
    ['a name without a value', JSON.stringify({ method: 'GET', url: '/', headers: ['secret'] })],
    ['no method', JSON.stringify({ method: 'secret secret', url: '/' })],
    ['no address', JSON.stringify({ method: 'GET', url: '/', clientAddress: 'secret' })],
    ['too long', JSON.stringify({ method: 'GET', url: `/${'x'.repeat(140_000)}` })],
  ])('%s: refused, without repeating it', async (_, body) => {
    const { status, text } = await post(await start(), body);
    expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining('FICUS_USAGE') });
    expect(text).not.toContain('secret');
  });

  test('GET is refused; a client that leaves in the middle of its question harms no other', async () => {
    const admin = await start();
    expect(
      await sendRaw(admin, 'GET /explain HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'),
    ).toContain('takes POST');
    const { hostname, port } = new URL(admin);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.write('POST /explain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{"method"');
    socket.destroy();
    expect((await post(admin, bodyOf({}))).status).toBe(200);
  });
});
