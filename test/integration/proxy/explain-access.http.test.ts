/** Who may ask a proxy to explain itself, and what a malformed question is answered. */
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { bodyOf, getAs, post } from './explain-rig.ts';
import { type Rig, type RigOptions, sendRaw, startFakeControl, startRig, until } from './rig.ts';

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
    await withTokens(async () => {
      const answer = await post(rig.proxy.adminAddress!, bodyOf({}), fields);
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(code);
    });
  });

  test('refusals are counted, and logged ever more rarely, without the token', async () => {
    await withTokens(async (admin) => {
      for (let turn = 0; turn < 12; turn += 1)
        await post(admin, bodyOf({}), { authorization: 'Bearer made up for this' });
      await post(admin, bodyOf({}), { authorization: `Bearer ${MAY_NOT}` });
      const metrics = await rig.metrics();
      expect(metrics).toContain('ficus_admin_refused_total{reason="token-unknown"} 12');
      expect(metrics).toContain('ficus_admin_refused_total{reason="role-missing"} 1');
      const refused = { msg: 'admin request refused', endpoint: 'POST /explain', peer: '127.0.0.1' };
      const lines = () => rig.logs.filter(({ msg }) => msg === refused.msg);
      await until(() => lines().length === 3, 'logged');
      expect(lines()).toEqual([
        expect.objectContaining({ ...refused, reason: 'token-unknown', count: 1 }),
        expect.objectContaining({ ...refused, reason: 'token-unknown', count: 10 }),
        expect.objectContaining({ ...refused, reason: 'role-missing', count: 1 }),
      ]);
      expect(JSON.stringify(rig.logs)).not.toMatch(/made up for this|that reports/);
    });
  });

  test('/status answers a token that may read by any name', async () => {
    await withTokens(async (admin) => {
      const tokens: [token: string, status: number][] = [
        [MAY, 200],
        [MAY_NOT, 403],
        ['made up for this', 403],
      ];
      for (const [token, status] of tokens) {
        const fields = { host: 'edge-1.internal', authorization: `Bearer ${token}` };
        expect({ token, status: (await getAs(`${admin}/status`, fields)).status }).toEqual({ token, status });
      }
    });
  });

  /** @param use is given the admin address */
  async function withTokens(use: (admin: string) => Promise<void>): Promise<void> {
    const control = await startFakeControl();
    try {
      const controlTokens = [
        { name: 'ann', roles: ['read' as const], token: MAY },
        { name: 'edge', roles: ['report' as const], token: MAY_NOT },
      ];
      await use(await start({ control, controlTokens }));
    } finally {
      await control.close();
    }
  }
});

describe('a page in a browser, on this machine or behind a name that was rebound to it', () => {
  const FOREIGN = ['https://evil.example', 'null', 'http://localhost:8080', 'no URL'].map((origin) => ({
    origin,
  }));
  const SITES = ['cross-site', 'same-site'].map((site) => ({ 'sec-fetch-site': site }));
  const get = async (path: string, headers: Record<string, string>) =>
    getAs(rig.proxy.adminAddress + path, headers);

  test.each(['/status', '/readyz', '/metrics'])('of another site gets nothing of %s', async (path) => {
    await start();
    for (const headers of [...FOREIGN, ...SITES]) {
      const { status, text } = await get(path, headers);
      expect({ headers, status, text }).toMatchObject({ status: 403 });
      expect(text).toContain('FICUS_PROXY_FOREIGN_ORIGIN');
      expect(text).not.toMatch(/notes|ready"/);
    }
    expect(await rig.metrics()).toContain('ficus_admin_refused_total{reason="foreign-page"} 6');
  });

  test('/status answers an address and localhost alone; probes and scrapers call by any name', async () => {
    await start();
    const names: [host: string, status: number][] = [
      ['evil.example', 403],
      ['127.0.0.1.evil.example:9090', 403],
      ['localhost.evil.example', 403],
      ['proxy.default.svc:9090', 403],
      ['localhost:9090', 200],
      ['127.0.0.1:1', 200],
      ['[::1]:9090', 200],
      ['10.1.2.3:9090', 200],
    ];
    for (const [host, status] of names) {
      expect({ host, status: (await get('/status', { host })).status }).toEqual({ host, status });
      for (const path of ['/readyz', '/metrics', '/healthz'])
        expect({ host, path, status: (await get(path, { host })).status }).toEqual({
          host,
          path,
          status: 200,
        });
    }
    // A person who types the address.
    expect((await get('/status', { 'sec-fetch-site': 'none' })).status).toBe(200);
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
