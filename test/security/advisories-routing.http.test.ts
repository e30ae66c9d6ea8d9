/**
 * Advisories about which upstream and which path a request reaches: each sent through the whole proxy as raw
 * bytes.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { head, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({
    serve: 100,
    routes: [
      { id: 'hosted', path: '/hosted', host: 'localhost' },
      { id: 'prefix', path: '/ho/*', rewrite: { stripPrefix: '/ho', addPrefix: '/inner' } },
      { id: 'slug', path: '/pages/*' },
      { id: 'admin', path: '/admin' },
      { id: 'socket', path: '/socket' },
    ],
  });
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

const side = async (bytes: string): Promise<string> => {
  const text = await wire.answer(bytes);
  return /x-ficus-side: (\w+)/.exec(text)?.[1] ?? `${problemOf(text)?.status}`;
};
const lines = () => [...wire.legacy.requests, ...wire.candidate.requests].map(({ line }) => line);

describe('GHSA-2q7r-29rg-6m5h', () => {
  // A route is matched by its prefix as text, and a later hop resolves the dot segments behind it. So `/ho/%2E%2E/hi`
  // is admitted under `/ho/` and served as `/hi`, which was never opened.
  test.each([
    ['/ho/%2E%2E/hi', 'legacy'],
    ['/ho/../hi', 'legacy'],
    ['/ho/%2e%2e%2fhi', '400'],
    ['/ho/..%5chi', '400'],
    ['/ho/a/../../hi', 'legacy'],
    ['/ho/..;/hi', '400'],
    ['/x/..;/ho/hi', '400'],
    ['/ho/ok', 'candidate'],
  ])('%s is matched by its meaning', async (target, expected) => {
    expect(await side(head(`GET ${target}`))).toBe(expected);
    // No path under the rewritten prefix may climb out of it.
    for (const { line } of wire.candidate.requests) expect(line).toBe('GET /inner/ok HTTP/1.1');
  });

  test.each(['/ho/../ho/ok', '/ho/a/%2e%2e/../ho/ok', '/ho/./../ho/ok', '/ho/%2E%2e/x/../ho/ok'])(
    '%s is rewritten by its meaning and stays behind its new prefix',
    async (target) => {
      expect(await side(head(`GET ${target}?q=/../`))).toBe('candidate');
      expect(lines()).toEqual(['GET /inner/ok?q=/../ HTTP/1.1']);
    },
  );

  it('cannot leave the base path of the upstream', async () => {
    const based = await startWireRig({}, '/shop');
    try {
      for (const target of ['/../up', '/%2e%2e/up', '/a/../../up']) {
        await based.answer(head(`GET ${target}?q`));
        expect(based.legacy.requests.at(-1)!.line).toBe('GET /shop/up?q HTTP/1.1');
      }
      const climbs = await based.answer(head('GET /..;/up'));
      expect(problemOf(climbs)?.status).toBe(400);
      await based.answer(head('GET //a;b/c%20d?q'));
      expect(based.legacy.requests.at(-1)!.line).toBe('GET /shop//a;b/c%20d?q HTTP/1.1');
    } finally {
      await based.close();
    }
  });

  test.each(['/pages/[...slug]', '/pages/[id]/edit', '/pages/a...b'])(
    '%s stays allowed and is passed on byte for byte',
    async (target) => {
      expect(await side(head(`GET ${target}`))).toBe('candidate');
      expect(lines()).toEqual([`GET ${target} HTTP/1.1`]);
    },
  );
});

describe('CVE-2026-33808', () => {
  // Guard and router read the path differently: `//admin` is `/admin` for only one of them. An attacker who finds such
  // a spelling is past the guard. Here one canonical path is matched, whatever the spelling.
  test.each([
    ['/admin', 'candidate'],
    ['//admin', 'candidate'],
    ['/admin;x=1', 'candidate'],
    ['/;x/admin', '400'],
    ['/.;x/admin', '400'],
    ['/x/..;/y', 'legacy'],
    ['/./admin', 'candidate'],
    ['/x/../admin', 'candidate'],
    ['/%61dmin', 'candidate'],
    ['/admin?x', 'candidate'],
    ['/%2fadmin', 'legacy'],
    ['/admin%2f', 'legacy'],
    ['/admin%00', '400'],
    ['/admin%', '400'],
    ['/\\admin', '400'],
    ['/admin#x', '400'],
  ])('%s is served by the %s', async (target, expected) => {
    expect(await side(head(`GET ${target}`))).toBe(expected);
    if (expected !== '400') expect(lines()).toEqual([`GET ${target} HTTP/1.1`]);
    else expect(lines()).toEqual([]);
  });
});

describe('CVE-2026-55602', () => {
  // The Host field is compared by its end, or as an expression without anchors. `evillocalhost:3000` then
  // passes for `localhost`, and the attacker's own name selects the route.
  test.each([
    ['localhost', 'candidate'],
    ['localhost:3000', 'candidate'],
    ['LOCALHOST', 'candidate'],
    ['localhost.', 'candidate'],
    ['evillocalhost:3000', 'legacy'],
    ['localhost.evil:3000', 'legacy'],
    ['localhost:3000.evil', '400'],
    ['localhost@evil', '400'],
    ['localhost/evil', '400'],
    ['localhost evil', '400'],
    ['localhost#evil', '400'],
  ])('Host %s goes to %s', async (host, expected) => {
    expect(await side(`GET /hosted HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toBe(expected);
  });
});

describe('GHSA-c4j6-fc7j-m34r', () => {
  // A crafted upgrade names another server in its target or Host, and a proxy that opens upgrades by the URL
  // connects there. Here an upgrade is routed like any request: the authority selects a route, never a
  // server.
  const upgrade = (target: string, host = 'h') =>
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

  test.each([
    ['/socket', '127.0.0.1:1', 'candidate', '/socket'],
    ['http://127.0.0.1:1/socket', 'h', 'candidate', '/socket'],
    ['//127.0.0.1:1/socket', 'h', 'legacy', '//127.0.0.1:1/socket'],
    ['/x/../socket', 'h', 'candidate', '/x/../socket'],
  ])('%s with Host %s goes to the %s', async (target, host, expected, forwarded) => {
    await wire.answer(upgrade(target, host));
    const reached = expected === 'candidate' ? wire.candidate : wire.legacy;
    expect(reached.requests.map(({ line }) => line)).toEqual([`GET ${forwarded} HTTP/1.1`]);
    expect(lines()).toHaveLength(1);
  });

  test.each([
    'ws://127.0.0.1:1/socket',
    'http://h@127.0.0.1:1/socket',
    'http://127.0.0.1:1\\@h/socket',
    '127.0.0.1:1',
  ])('%s is refused', async (target) => {
    expect(problemOf(await wire.untilClosed(upgrade(target)))).toMatchObject({ status: 400 });
    expect(lines()).toEqual([]);
  });

  it('does not pass on h2c: later requests would bypass the proxy', async () => {
    const text = await wire.answer(
      head('GET /admin', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
    );
    expect(text).toContain('candidate GET /admin');
    const { raw } = wire.candidate.requests[0]!;
    expect(raw).not.toMatch(/upgrade|h2c|http2-settings/i);
  });
});

describe('absolute-form-with-another-host', () => {
  // The target names one host, the Host field another, and a proxy routes by one and forwards the other. RFC
  // 9112 section 3.2.2: the target's authority is the host, for matching and for the upstream alike.
  it('routes by the authority of the target and passes that on', async () => {
    expect(await side('GET http://localhost:81/hosted?q HTTP/1.1\r\nHost: evil\r\n\r\n')).toBe('candidate');
    expect(wire.candidate.requests[0]!.raw).toMatch(/^GET \/hosted\?q HTTP\/1\.1\r\nHost: localhost:81\r\n/);
    expect(await side('GET http://evil/hosted HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('legacy');
  });

  it('rewrites such a target as it rewrites any other', async () => {
    expect(await side(head('GET http://h/ho/ok?q=1'))).toBe('candidate');
    expect(lines()).toEqual(['GET /inner/ok?q=1 HTTP/1.1']);
  });

  test.each([
    'http://public@x/admin',
    'http://x:y@z/admin',
    'http:///admin',
    'http:/admin',
    'ftp://x/admin',
    'x/admin',
  ])('refuses %s, which two readers could read differently', async (target) => {
    expect(problemOf(await wire.untilClosed(head(`GET ${target}`)))).toMatchObject({ status: 400 });
    expect(lines()).toEqual([]);
  });

  it('keeps //evil.com/x unchanged, on its way to the matched upstream', async () => {
    expect(await side(head('GET //evil.com/x'))).toBe('legacy');
    expect(lines()).toEqual(['GET //evil.com/x HTTP/1.1']);
  });
});
