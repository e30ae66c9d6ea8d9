/**
 * Answers of old servers that are no strict HTTP/1.1 and have one meaning only: nginx, haproxy and browsers take them, so
 * the pages behind the proxy must not fail. What the client gets is strict, and says the same; what follows an answer on
 * the upstream's connection never becomes another client's.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readResponse, valuesOf } from './reference-reader.ts';
import { head, ok, startWireRig, type WireRig } from './wire-rig.ts';

let plain: WireRig;
/** Its answers are looked at, and changed, on their way. */
let rewriting: WireRig;
beforeAll(async () => {
  plain = await startWireRig();
  rewriting = await startWireRig({
    serve: 100,
    routes: [{ id: 'all', methods: ['GET', 'HEAD', 'DELETE'], path: '/*', rewrite: {} }],
  });
});
afterAll(() => Promise.all([plain.close(), rewriting.close()]));
beforeEach(() => {
  for (const wire of [plain, rewriting]) wire.forget();
});

const EVIL = ok('evil');
const OLD: readonly (readonly [name: string, method: string, answer: string, body: string])[] = [
  ['lines that end in LF', 'GET', 'HTTP/1.1 200 Fine\nX-Old: yes\nContent-Length: 4\n\npage', 'page'],
  ['lines that end in LF, until the end', 'GET', 'HTTP/1.0 200 OK\nX-Old: yes\n\npage', 'page'],
  [
    'chunk lines that end in LF',
    'GET',
    'HTTP/1.1 200 OK\nX-Old: yes\nTransfer-Encoding: chunked\n\n4\npage\n0\n\n',
    'page',
  ],
  [
    'one length, said twice',
    'GET',
    'HTTP/1.1 200 OK\r\nX-Old: yes\r\nContent-Length: 4\r\nContent-length: 4\r\n\r\npage',
    'page',
  ],
  ['one length as a list', 'GET', 'HTTP/1.1 200 OK\r\nX-Old: yes\r\nContent-Length: 4,4\r\n\r\npage', 'page'],
  ['a folded field', 'GET', 'HTTP/1.1 200 OK\r\nX-Old:\r\n\tyes\r\nContent-Length: 4\r\n\r\npage', 'page'],
  [
    'a space before a colon',
    'GET',
    'HTTP/1.1 200 OK\r\nX-Old : yes\r\nContent-Length: 4\r\n\r\npage',
    'page',
  ],
  [
    'spaces before the status',
    'GET',
    'HTTP/1.1   200 OK\r\nX-Old: yes\r\nContent-Length: 4\r\n\r\npage',
    'page',
  ],
  ['a later minor version', 'GET', 'HTTP/1.4 200 OK\r\nX-Old: yes\r\nContent-Length: 4\r\n\r\npage', 'page'],
  ['204 and its length', 'DELETE', 'HTTP/1.1 204 Gone\r\nX-Old: yes\r\nContent-Length: 12\r\n\r\n', ''],
  [
    '204 and chunks',
    'DELETE',
    'HTTP/1.1 204 Gone\r\nX-Old: yes\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '',
  ],
  [
    '204 and both',
    'DELETE',
    'HTTP/1.1 204 Gone\r\nX-Old: yes\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n',
    '',
  ],
  [
    '204 and a body',
    'DELETE',
    `HTTP/1.1 204 Gone\r\nX-Old: yes\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
    '',
  ],
  [
    '304 and both',
    'GET',
    'HTTP/1.1 304 Same\r\nX-Old: yes\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n',
    '',
  ],
  [
    'both after HEAD',
    'HEAD',
    'HTTP/1.1 200 OK\r\nX-Old: yes\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n',
    '',
  ],
];

describe.each([
  ['passed on', () => plain],
  ['changed on its way', () => rewriting],
])('an answer of an old server, %s', (_, wireOf) => {
  test.each(OLD)('with %s', async (_name, method, answer, body) => {
    const wire = wireOf();
    const upstream = wire === plain ? wire.legacy : wire.candidate;
    for (const late of [false, true]) {
      upstream.script = (_request, socket) => {
        const cut = late ? Math.floor(answer.length / 2) : answer.length;
        socket.write(Buffer.from(answer.slice(0, cut), 'latin1'), () =>
          setImmediate(() => {
            socket.write(Buffer.from(answer.slice(cut), 'latin1'));
            if (answer.startsWith('HTTP/1.0')) socket.end();
          }),
        );
        return undefined;
      };
      const client = await wire.client(head(`${method} /old`));
      const complete = (text: string) => readResponse(text, method, false).kind === 'complete';
      const reading = readResponse(await client.until(complete), method, false);
      expect(reading).toMatchObject({ kind: 'complete', message: { body, rest: '' } });
      if (reading.kind !== 'complete') throw new Error(reading.kind);
      const { fields, status } = reading.message;
      expect(valuesOf(fields, 'x-old')).toEqual(['yes']);
      expect(status).toBe(Number(/ (\d{3}) /.exec(answer)![1]));
      if (status === 204)
        expect(fields.filter(([name]) => /content-length|transfer-encoding/i.test(name))).toEqual([]);
      upstream.script = ({ line }) => ok(line.split(' ')[1]!);
      const next = await wire.answer(head('GET /next'));
      expect(next).toMatch(/\r\n\r\n\/next$/);
      expect(next).not.toContain('evil');
      client.close();
    }
  });

  test('with control characters in values and reason', async () => {
    const wire = wireOf();
    const upstream = wire === plain ? wire.legacy : wire.candidate;
    upstream.script = () => 'HTTP/1.1 200 Fi\x02ne\r\nX-Old: a\x01\x7fb\r\nContent-Length: 4\r\n\r\npage';
    const client = await wire.client(head('GET /old'));
    const text = await client.until((all) => all.endsWith('page'));
    expect(text).toMatch(/^HTTP\/1\.1 200 Fi.ne\r\n(?:.+\r\n)*X-Old: a..b\r\n(?:.+\r\n)*\r\npage$/i);
    client.close();
  });
});

test('interim answers with fields of a body are passed on without them', async () => {
  plain.legacy.script = () =>
    `HTTP/1.1 103 Hints\r\nLink: </a>\r\nContent-Length: 4\r\n\r\nHTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\nLink: </b>\r\n\r\n${ok('page')}`;
  const text = await plain.answer(head('GET /a'));
  expect(text.match(/^Link: .*$/gm)).toEqual(['Link: </a>', 'Link: </b>']);
  expect(text.match(/content-length|transfer-encoding/gi)).toEqual(['Content-Length']);
});
