/**
 * Max-Forwards lets a client query the n-th hop (RFC 9110 section 7.6.2). A proxy that passes it on unchanged hides
 * itself, and a loop between proxies never ends. TRACE would show a client's credentials to any reader of the answer;
 * it is refused, with a list of the supported methods (section 15.5.6).
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { head, ok, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig();
  wire.legacy.script = () => ok('upstream');
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

test.each(['OPTIONS /a', 'OPTIONS *'])('%s with Max-Forwards: 0 ends here', async (line) => {
  const text = await wire.answer(head(line, 'Max-Forwards: 0'));
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  expect(text).toMatch(new RegExp(`\r\nallow: ${ALLOW}\r\n`, 'i'));
  expect(text).toMatch(/\r\ncontent-length: 0\r\n/i);
  expect(text).toMatch(/\r\ndate: /i);
  expect(wire.legacy.requests).toHaveLength(0);
});

test.each([
  ['OPTIONS /a', ['Max-Forwards: 7'], ['6']],
  ['OPTIONS *', ['max-forwards: 1', 'Max-Forwards: 9'], ['0']],
  ['OPTIONS /a', ['Max-Forwards: soon'], ['soon']],
  ['OPTIONS /a', ['Max-Forwards: 7', 'Connection: upgrade', 'Upgrade: x'], ['6']],
  ['GET /a', ['Max-Forwards: 0'], ['0']],
])('%s with %j is passed on with %j', async (line, fields, expected) => {
  expect(await wire.answer(head(line, ...fields))).toMatch(/upstream$/);
  const values = wire.legacy.requests[0]!.fields.filter(([name]) => name.toLowerCase() === 'max-forwards');
  expect(values.map(([, value]) => value)).toEqual(expected);
});

test('OPTIONS of the server as a whole stays so, behind a base path and in absolute form', async () => {
  const based = await startWireRig({}, '/shop');
  try {
    for (const line of ['OPTIONS *', 'OPTIONS http://h', 'OPTIONS http://h/', 'GET http://h']) {
      await based.answer(head(line));
    }
    const lines = based.legacy.requests.map((request) => request.line);
    expect(lines).toEqual(
      ['OPTIONS *', 'OPTIONS *', 'OPTIONS /shop/', 'GET /shop/'].map((line) => `${line} HTTP/1.1`),
    );
  } finally {
    await based.close();
  }
});

test('the connection stays usable after an answer of the proxy itself, body or not', async () => {
  const client = await wire.client(
    `${head('OPTIONS /a', 'Max-Forwards: 0')}${head('OPTIONS /a', 'Max-Forwards: 0', 'Content-Length: 2')}ab${head('GET /')}`,
  );
  expect((await client.until((text) => text.endsWith('upstream'))).match(/HTTP\/1\.1 200/g)).toHaveLength(3);
});

test.each([head('TRACE /', 'Max-Forwards: 3'), 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n'])(
  '%j is answered 405 with what is served',
  async (bytes) => {
    const text = await wire.untilClosed(bytes);
    expect(text).toMatch(/^HTTP\/1\.1 405 /);
    expect(text).toMatch(new RegExp(`\r\nallow: ${ALLOW}\r\n`, 'i'));
    expect(text).toMatch(/\r\ndate: /i);
  },
);
