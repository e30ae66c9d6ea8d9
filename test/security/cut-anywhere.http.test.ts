/**
 * TCP preserves bytes, not pieces: a request or response that arrives in other pieces is the same message. Requests and
 * responses of every framing are cut at random places, the pieces sent one by one, and both ends compared with the
 * result of the same bytes in one piece.
 */
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readResponse } from './reference-reader.ts';
import { head, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
beforeAll(async () => {
  wire = await startWireRig();
});
afterAll(() => wire.close());
beforeEach(() => wire.forget());

// The client sends its own ids, so that the proxy creates none.
const IDS = ['x-request-id: r', 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'];
const LONG = 'b'.repeat(700);
const OK = 'HTTP/1.1 200 OK\r\nDate: D\r\n';

const REQUESTS = [
  head('GET /a?b=%20', ...IDS, 'X-Empty:', 'X-Bytes: \xff\xfe'),
  head('HEAD /a', ...IDS),
  `${head('POST /a', ...IDS, `Content-Length: ${LONG.length}`)}${LONG}`,
  `${head('DELETE /a', ...IDS, 'Transfer-Encoding: chunked')}5\r\nGET /\r\n3;x=y\r\n\r\n\r\r\n0\r\nX-Sum: 1\r\n\r\n`,
  `${head('PUT /a', ...IDS, 'Transfer-Encoding: chunked')}${LONG.length.toString(16)}\r\n${LONG}\r\n0\r\n\r\n`,
  `GET http://h/absolute HTTP/1.1\r\n${['Host: x', ...IDS].join('\r\n')}\r\n\r\n`,
];
const RESPONSES = [
  `${OK}Content-Length: ${LONG.length}\r\n\r\n${LONG}`,
  `${OK}Content-Length: 0\r\nX-Empty:\r\nX-Bytes: \xff\r\n\r\n`,
  `${OK}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\nhello\r\n003\r\n\r\n0\r\n0\r\nX-Sum: 1\r\n\r\n`,
  `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
  'HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nDate: D\r\nContent-Length: 5\r\n\r\n',
  `${OK}Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 2\r\n\r\nok`,
];

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Sends the pieces one by one, each in a separate turn. */
async function drip(socket: Socket, text: string, cuts: readonly number[]): Promise<void> {
  let from = 0;
  for (const to of [...cuts, text.length]) {
    if (to > from) socket.write(Buffer.from(text.slice(from, to), 'latin1'));
    from = to;
    await turn();
    await turn();
  }
}

interface Seen {
  readonly request: unknown;
  readonly response: unknown;
}

async function exchange(request: string, response: string, cuts: Cuts): Promise<Seen> {
  wire.forget();
  wire.legacy.script = (_request, socket) => {
    const method = request.slice(0, request.indexOf(' '));
    const bare =
      method === 'HEAD' ? response.replace(/(\r\n\r\n)(?!HTTP|.*HTTP\/1)[\s\S]*$/, '$1') : response;
    void drip(socket, bare, placesIn(bare, cuts.response));
    return undefined;
  };
  const method = request.slice(0, request.indexOf(' '));
  const client = await wire.client('');
  await drip(client.socket, request, placesIn(request, cuts.request));
  await client.until((text) => readResponse(text, method, false).kind === 'complete');
  client.close();
  const { line, fields, body, trailers } = wire.legacy.requests[0]!;
  expect(wire.legacy.requests).toHaveLength(1);
  return { request: { line, fields, body, trailers }, response: readResponse(client.text, method, false) };
}

/** Where to cut, as parts of the whole. */
interface Cuts {
  readonly request: readonly number[];
  readonly response: readonly number[];
}

function placesIn(text: string, parts: readonly number[]): number[] {
  return parts.map((part) => Math.floor(part * text.length)).sort((one, other) => one - other);
}

const parts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
  minLength: 1,
  maxLength: 5,
});

test('a message is the same in whatever pieces it arrives', async () => {
  const whole = new Map<string, Seen>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...REQUESTS),
      fc.constantFrom(...RESPONSES),
      fc.record({ request: parts, response: parts }),
      async (request, response, cuts) => {
        const key = `${request}\n${response}`;
        if (!whole.has(key)) whole.set(key, await exchange(request, response, { request: [], response: [] }));
        expect(await exchange(request, response, cuts)).toEqual(whole.get(key));
      },
    ),
    { numRuns: 150 },
  );
});

test('one byte at a time is a message as well', async () => {
  for (const [index, response] of RESPONSES.entries()) {
    const request = REQUESTS[index % REQUESTS.length]!;
    const whole = await exchange(request, response, { request: [], response: [] });
    const every = (text: string) =>
      Array.from({ length: Math.min(text.length, 250) }, (_, at) => at / text.length);
    expect(await exchange(request, response, { request: every(request), response: every(response) })).toEqual(
      whole,
    );
  }
});
