/** Advisories about header fields: what a client must not forge, remove or break with them. Raw bytes, whole proxy. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { until } from '../integration/proxy/rig.ts';
import { type ReadRequest, valuesOf } from './reference-reader.ts';
import { head, ok, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig({ serve: 100 });
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

async function seen(...fields: string[]): Promise<ReadRequest> {
  await wire.answer(head('GET /a', ...fields));
  return wire.legacy.requests.at(-1)!;
}

describe('reply-from', () => {
  // The client names X-Forwarded-For in Connection, and a proxy that strips those fields after it has added
  // its own removes the address it vouches for. The upstream then believes whatever else it finds.
  test.each([
    ['X-Forwarded-For', 'x-forwarded-for', '127.0.0.1'],
    ['x-forwarded-proto, X-Forwarded-Host', 'x-forwarded-host', 'h'],
    ['close, Via', 'via', '1.1 ficus'],
  ])('Connection: %s is applied before ours are added', async (named, field, value) => {
    const { fields } = await seen(`Connection: ${named}`, 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: x');
    expect(valuesOf(fields, field)).toEqual([value]);
  });

  it('the ids that identify a request cannot be removed', async () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const given = [`x-request-id: mine`, `traceparent: ${parent}`, 'Connection: x-request-id, traceparent'];
    const { fields } = await seen(...given);
    expect(valuesOf(fields, 'x-request-id')).toHaveLength(1);
    expect(valuesOf(fields, 'traceparent')).toHaveLength(1);
  });

  it('Host cannot be removed', async () => {
    expect(valuesOf((await seen('Connection: host')).fields, 'host')).toEqual(['h']);
  });

  // Without it the upstream waits for a body that waits for its 100, and is blamed for the delay: a few of these would
  // open the breaker for all clients.
  it('Expect cannot be removed', async () => {
    const { fields } = await seen('Connection: expect', 'Expect: 100-continue');
    expect(valuesOf(fields, 'expect')).toEqual(['100-continue']);
  });
});

describe('CVE-2026-3635', () => {
  // The client itself sends fields that services trust a front proxy to set. A service that rates, bills or admits by
  // address then uses the attacker's choice.
  const SPOOFED = [
    'X-Forwarded-For: 6.6.6.6',
    'x-forwarded-for: 7.7.7.7',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: evil',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded-Ssl: on',
    'X-Forwarded-User: root',
    'X_Forwarded_For: 6.6.6.6',
    'X-Forwarded_For: 6.6.6.6',
    'X.Forwarded.For: 6.6.6.6',
    'X~Real-IP: 6.6.6.6',
    'Forwarded: for=6.6.6.6',
    'x-ficus-shadow: 1',
    'x-ficus-identity: forged',
    'X_Ficus_Identity: forged',
    'X.Ficus.Identity: forged',
    'x-ficus-anything: forged',
  ];

  it('are replaced when the sender is not a trusted proxy', async () => {
    const { raw } = await seen(...SPOOFED);
    const ours = raw.split('\r\n').filter((line) => /forwarded|ficus-/i.test(line));
    expect(ours).toEqual(['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: h']);
  });

  it('are removed when there is no replacement: no field is empty', async () => {
    await wire.answer('GET /a HTTP/1.0\r\nX-Forwarded-Host: evil\r\n\r\n');
    const { fields } = wire.legacy.requests.at(-1)!;
    expect(
      fields.filter(([name, value]) => value === '' || name.toLowerCase() === 'x-forwarded-host'),
    ).toEqual([]);
  });

  it('are replaced in an upgrade as well', async () => {
    wire.legacy.script = () => ok('no');
    const { raw } = await seen('Connection: upgrade', 'Upgrade: websocket', ...SPOOFED);
    wire.legacy.script = () => ok('ok');
    expect(raw).not.toMatch(/6\.6\.6\.6|evil|forged|root/);
  });

  it('are not accepted as trailers', async () => {
    await wire.answer(
      `${head('POST /a', 'Transfer-Encoding: chunked', 'Trailer: X-Forwarded-For')}1\r\na\r\n0\r\n` +
        'X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nx-ficus-identity: forged\r\nX-Sum: 1\r\n' +
        'Host: evil\r\nX_Forwarded_For: 6.6.6.6\r\nX.Real.IP: 6.6.6.6\r\nCookie: a=b\r\nAuthorization: x\r\n\r\n',
    );
    expect(wire.legacy.requests[0]!.trailers).toEqual([['X-Sum', '1']]);
  });

  it('are trusted from a proxy on the list, and its chain is extended', async () => {
    const trusting = await startWireRig({ proxy: { trustedProxies: ['127.0.0.1/32'] } });
    try {
      const fields = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: shop'];
      await trusting.answer(head('GET /a', ...fields, 'X-Forwarded-Port: 443', 'Forwarded: for=203.0.113.9'));
      const { raw } = trusting.legacy.requests[0]!;
      expect(raw.split('\r\n').filter((line) => /forwarded/i.test(line))).toEqual([
        'X-Forwarded-Port: 443',
        'X-Forwarded-For: 203.0.113.9, 127.0.0.1',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: shop',
        'Forwarded: for=203.0.113.9, for=127.0.0.1',
      ]);
    } finally {
      await trusting.close();
    }
  });
});

describe('GHSA-v2v2-hph8-q5xp', () => {
  // A Content-Type that a proxy's body parser reads differently from the upstream's makes it validate one body and send
  // on another. The proxy never parses a body: whatever the type, the bytes are the same.
  test.each([
    'application/json ; charset',
    'application/json;',
    'APPLICATION/JSON; charset="\\',
    'multipart/form-data',
  ])('%s leaves the body untouched', async (type) => {
    const body = '{"__proto__":1,"a":"\xff\x00\xc3",}\r\n\r\n';
    await wire.answer(head('POST /a', `content-type: ${type}`, `Content-Length: ${body.length}`) + body);
    expect(wire.legacy.requests[0]!.body).toBe(body);
    expect(valuesOf(wire.legacy.requests[0]!.fields, 'content-type')).toEqual([type]);
  });
});

describe('CVE-2024-37890 (ws)', () => {
  // A server that counts header fields only after it has looked for some of them fails on a request with more
  // fields than are kept. One upgrade with 2,000 fields then ends the process and all its requests.
  const many = Array.from({ length: 2_000 }, (_, index) => `X-${index}: ${index % 10}`);
  test.each([
    ['an upgrade', ['Connection: Upgrade', 'Upgrade: websocket']],
    ['a plain request', []],
    ['a request with a body', ['Content-Length: 5']],
  ])('%s with 2,000 fields is answered 4xx, others are served', async (_name, fields) => {
    for (const order of [
      [...fields, ...many],
      [...many, ...fields],
    ]) {
      expect(problemOf(await wire.untilClosed(head('GET /a', ...order)))).toMatchObject({ status: 431 });
    }
    expect(wire.legacy.requests).toEqual([]);
    expect(await wire.answer(head('GET /a'))).toMatch(/^HTTP\/1\.1 200/);
    await until(async () =>
      (await wire.rig.metrics()).includes('ficus_refused_total{reason="too-many-headers"}'),
    );
  });
});

describe('http2-is-off', () => {
  // Rapid reset and CONTINUATION floods need HTTP/2, which this proxy does not speak. Its preface is refused
  // properly and the connection ends, whatever follows.
  test.each(['', '\0\0\0\x04\0\0\0\0\0', '\0\0\x01\x01\x05\0\0\0\x01x'.repeat(1_000)])(
    'the preface is refused and others are served',
    async (frames) => {
      const text = await wire.untilClosed(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frames}`);
      expect(problemOf(text)).toMatchObject({ status: 400, code: 'FICUS_PROXY_BAD_REQUEST' });
      expect(wire.legacy.received.at(-1) ?? '').not.toContain('PRI');
      expect(await wire.answer(head('GET /a'))).toMatch(/^HTTP\/1\.1 200/);
    },
  );
});
