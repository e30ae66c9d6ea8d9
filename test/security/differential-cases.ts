/**
 * Exchanges that are made twice, directly with an upstream and through the proxy. The answer is what the upstream sends
 * for the case; both sides are compared byte for byte, except for the differences that a case explains.
 */
import { head } from './wire-rig.ts';

export interface DifferentialCase {
  readonly name: string;
  readonly request: string;
  readonly answer: string;
  /** Answers before the final one is due; sent when the head has come. */
  readonly closes?: boolean;
  /** Why the upstream sees something else, and how the request changes on the way. */
  readonly onTheWay?: readonly Change[];
  /** Why the client sees something else, and how the answer changes on the way. */
  readonly onTheWayBack?: readonly Change[];
}

export interface Change {
  readonly why: string;
  readonly from: string | RegExp;
  readonly to: string;
}

const OK = 'HTTP/1.1 200 OK\r\nDate: D\r\n';
const FINE = `${OK}Content-Length: 4\r\n\r\nfine`;
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const framed = (line: string, body: string, ...fields: string[]) =>
  `${head(line, ...fields, `Content-Length: ${body.length}`)}${body}`;
const chunked = (line: string, chunks: string, ...fields: string[]) =>
  `${head(line, ...fields, 'Transfer-Encoding: chunked')}${chunks}`;

const hop = (field: string): Change => ({
  why: 'belongs to one hop (RFC 9110 section 7.6.1)',
  from: `${field}\r\n`,
  to: '',
});
const EXTENSIONS: Change = {
  why: 'chunk extensions belong to one hop (RFC 9112 section 7.1.1)',
  from: /;[^\r]*\r\n/g,
  to: '\r\n',
};
const SPACES: Change = {
  why: 'space around a value is no part of it (RFC 9110 section 5.5)',
  from: /: ?[ \t]*(.*?)[ \t]*\r\n/g,
  to: ': $1\r\n',
};

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'REPORT',
  'PURGE',
  'QUERY',
  'M-SEARCH',
];
const TARGETS = [
  '/',
  '/a//b///c',
  '//evil.com/x',
  '/a/./b/../c',
  '/%2e%2E/%2f%5C/%7e%7E/%20',
  '/a;b=c;d/e;f',
  "/~!$&'()*+,=:@-._",
  '/[...slug]/{x}|y^z`"<>',
  '/?',
  '/?a=b&a=c&&=&x=%zz%&y=%00',
  '/?q=/../..//',
  `/${'long/'.repeat(2_000)}`,
  `/?${'q'.repeat(8_000)}`,
];

const METHOD_CASES = METHODS.flatMap((method): DifferentialCase[] => [
  { name: `${method} without a body`, request: head(`${method} /a`), answer: FINE },
  {
    name: `${method} with Content-Length`,
    request: framed(`${method} /a`, 'GET / HTTP/1.1\r\n\r\n'),
    answer: FINE,
  },
  { name: `${method} in chunks`, request: chunked(`${method} /a`, '5\r\nhello\r\n0\r\n\r\n'), answer: FINE },
]);

const TARGET_CASES = TARGETS.map((target): DifferentialCase => {
  const shown = target.length > 40 ? `${target.slice(0, 12)}… (${target.length} bytes)` : target;
  return { name: `target ${shown}`, request: head(`GET ${target}`), answer: FINE };
});

const REQUEST_CASES: readonly DifferentialCase[] = [
  { name: 'OPTIONS *', request: head('OPTIONS *'), answer: FINE },
  {
    name: 'an absolute-form target',
    request: 'GET http://right:81/a?b HTTP/1.1\r\nHost: wrong\r\n\r\n',
    answer: FINE,
    onTheWay: [
      { why: 'made origin-form (RFC 9112 section 3.2.1)', from: 'GET http://right:81/', to: 'GET /' },
      { why: 'the authority is the host (section 3.2.2)', from: 'Host: wrong', to: 'Host: right:81' },
    ],
  },
  {
    name: 'an absolute-form target without a path',
    request: 'GET http://right?b HTTP/1.1\r\nHost: right\r\n\r\n',
    answer: FINE,
    onTheWay: [
      { why: 'an empty path is / (RFC 9110 section 4.2.3)', from: 'GET http://right?b', to: 'GET /?b' },
    ],
  },
  {
    name: 'case, order and duplicates',
    request: head('GET /', 'b: 1', 'A: 2', 'B: 3', 'a: 2', 'X-y-Z: 4'),
    answer: FINE,
  },
  {
    name: '__proto__ and the like',
    request: head('GET /', '__proto__: a', 'constructor: b', 'toString: c'),
    answer: FINE,
  },
  { name: 'names of odd characters', request: head('GET /', "!#$%&'*+-.^_`|~09: a", '0: b'), answer: FINE },
  { name: 'values past ASCII', request: head('GET /', 'X: \xe9\xff\x80', 'Y: \xc3\xa9'), answer: FINE },
  { name: 'several cookies', request: head('GET /', 'Cookie: a=1', 'cookie: b=2; b=3'), answer: FINE },
  { name: 'an empty value', request: head('GET /', 'X: '), answer: FINE },
  {
    name: 'space around values',
    request: head('GET /', 'X:a', 'Y:\t b \t', 'Z:'),
    answer: FINE,
    onTheWay: [SPACES],
  },
  { name: 'a long value', request: head('GET /', `X: ${'v'.repeat(20_000)}`), answer: FINE },
  {
    name: 'a hundred fields',
    request: head('GET /', ...Array.from({ length: 100 }, (_, at) => `X-${at}: ${at}`)),
    answer: FINE,
  },
  {
    name: 'conditions and ranges',
    request: head('GET /', 'If-None-Match: "a", W/"b"', 'Range: bytes=0-1', 'If-Range: "a"'),
    answer: FINE,
  },
  { name: 'Authorization', request: head('GET /', 'Authorization: Basic eDp5'), answer: FINE },
  {
    name: 'Max-Forwards and Cache-Control',
    request: head('GET /', 'Max-Forwards: 0', 'Cache-Control: no-cache', 'Pragma: x'),
    answer: FINE,
  },
  {
    name: 'fields of the hop',
    request: head(
      'GET /',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'X-Hop: 1',
      'Connection: x-hop',
    ),
    answer: FINE,
    onTheWay: ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'X-Hop: 1', 'Connection: x-hop'].map(
      hop,
    ),
  },
  {
    name: 'Proxy-Authorization',
    request: head('GET /', 'Proxy-Authorization: Basic eDp5'),
    answer: FINE,
    onTheWay: [hop('Proxy-Authorization: Basic eDp5')],
  },
  {
    name: 'chunks of odd sizes',
    request: chunked('POST /', '001\r\na\r\nA\r\n0123456789\r\n00\r\n\r\n'),
    answer: FINE,
    onTheWay: [
      { why: 'a chunk is written again', from: '001\r\na\r\nA\r\n', to: '1\r\na\r\na\r\n' },
      { why: 'a chunk is written again', from: '00\r\n\r\n', to: '0\r\n\r\n' },
    ],
  },
  {
    name: 'chunk extensions',
    request: chunked('POST /', '1;a=b;c="d"\r\na\r\n0\r\n\r\n'),
    answer: FINE,
    onTheWay: [EXTENSIONS],
  },
  {
    name: 'trailers',
    request: chunked('POST /', '1\r\na\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n', 'Trailer: X-Sum'),
    answer: FINE,
  },
  { name: 'an empty body in chunks', request: chunked('POST /', '0\r\n\r\n'), answer: FINE },
  { name: 'Content-Length: 0', request: framed('POST /', ''), answer: FINE },
  {
    name: 'bytes that look like framing in a body',
    request: framed('POST /', '0\r\n\r\nGET /x HTTP/1.1\r\n\r\n\0\xff'),
    answer: FINE,
  },
  {
    name: 'an unknown content-type',
    request: framed('POST /', '{', 'content-type: application/json ; charset'),
    answer: FINE,
  },
];

const RESPONSE_CASES: readonly DifferentialCase[] = [
  ...[200, 201, 202, 206, 226, 300, 301, 308, 400, 401, 404, 409, 418, 429, 451, 500, 503, 599, 799].map(
    (status) => ({
      name: `status ${status}`,
      request: head('GET /'),
      answer: `HTTP/1.1 ${status} Whatever It Is\r\nDate: D\r\nContent-Length: 1\r\n\r\nx`,
    }),
  ),
  {
    name: 'no reason',
    request: head('GET /'),
    answer: 'HTTP/1.1 200 \r\nDate: D\r\nContent-Length: 0\r\n\r\n',
  },
  {
    name: 'a reason past ASCII',
    request: head('GET /'),
    answer: 'HTTP/1.1 200 G\xfct\tso\r\nDate: D\r\nContent-Length: 0\r\n\r\n',
  },
  { name: '204', request: head('GET /'), answer: 'HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n' },
  {
    name: '204 with Content-Length: 0',
    request: head('GET /'),
    answer: 'HTTP/1.1 204 No Content\r\nDate: D\r\nContent-Length: 0\r\n\r\n',
    onTheWayBack: [
      { why: 'a 204 must not have one (RFC 9110 section 8.6)', from: 'Content-Length: 0\r\n', to: '' },
    ],
  },
  {
    name: '304 with Content-Length',
    request: head('GET /'),
    answer: 'HTTP/1.1 304 Not Modified\r\nDate: D\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n',
  },
  { name: 'HEAD with Content-Length', request: head('HEAD /'), answer: `${OK}Content-Length: 99\r\n\r\n` },
  { name: 'HEAD in chunks', request: head('HEAD /'), answer: CHUNKED },
  { name: 'HEAD without either', request: head('HEAD /'), answer: `${OK}X: y\r\n\r\n` },
  {
    name: 'case, order and duplicates back',
    request: head('GET /'),
    answer: `${OK}b: 1\r\nA: 2\r\nSet-Cookie: x\r\nset-cookie: y\r\n__proto__: z\r\ncontent-length: 0\r\n\r\n`,
  },
  {
    name: 'values past ASCII back',
    request: head('GET /'),
    answer: `${OK}X: \xe9\xff\x80\r\nContent-Length: 2\r\n\r\n\xff\0`,
  },
  {
    name: 'space around values back',
    request: head('GET /'),
    answer: `${OK}X:a\r\nY:\t b \t\r\nZ:\r\nContent-Length: 0\r\n\r\n`,
  },
  {
    name: 'a long value back',
    request: head('GET /'),
    answer: `${OK}X: ${'v'.repeat(30_000)}\r\nContent-Length: 0\r\n\r\n`,
  },
  {
    name: 'Via, Server and Warning back',
    request: head('GET /'),
    answer: `${OK}Via: 1.1 x\r\nServer: y\r\nWarning: 199 z\r\nContent-Length: 0\r\n\r\n`,
  },
  { name: 'chunks', request: head('GET /'), answer: `${CHUNKED}5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n` },
  {
    name: 'chunk extensions back',
    request: head('GET /'),
    answer: `${CHUNKED}5;a="b;c"\r\nhello\r\n0;z\r\n\r\n`,
    onTheWayBack: [EXTENSIONS],
  },
  {
    name: 'trailers back',
    request: head('GET /'),
    answer: `${CHUNKED}1\r\na\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n`,
  },
  { name: 'an empty body in chunks back', request: head('GET /'), answer: `${CHUNKED}0\r\n\r\n` },
  {
    name: 'several interim responses',
    request: head('GET /'),
    answer: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 Own\r\n\r\n${FINE}`,
  },
  {
    name: 'a 100 that the client does not wait for',
    request: framed('POST /', 'x'),
    answer: `HTTP/1.1 100 Continue\r\n\r\n${FINE}`,
  },
  {
    name: 'fields of the hop back',
    request: head('GET /'),
    answer: `${OK}Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n`,
    onTheWayBack: [
      'Connection: X-Hop, keep-alive',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: x',
      'Upgrade: h2c',
    ].map(hop),
  },
  {
    name: 'no Date',
    request: head('GET /'),
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    onTheWayBack: [
      {
        why: 'who receives none may add one (RFC 9110 section 6.6.1)',
        from: 'Content-Length: 0\r\n',
        to: 'Content-Length: 0\r\nDate: *\r\n',
      },
    ],
  },
  {
    name: 'a body that the end delimits',
    request: head('GET /'),
    answer: `${OK}\r\nto the end`,
    closes: true,
    onTheWayBack: [
      {
        why: 'made chunks, so that its end differs from a cut',
        from: /Date: D\r\n\r\nto the end$/,
        to: 'Date: D\r\nTransfer-Encoding: chunked\r\n\r\na\r\nto the end\r\n0\r\n\r\n',
      },
    ],
  },
  {
    name: 'HTTP/1.0 back',
    request: head('GET /'),
    answer: 'HTTP/1.0 200 OK\r\nDate: D\r\nContent-Length: 1\r\n\r\nx',
    closes: true,
    onTheWayBack: [
      { why: 'each hop says its own version (RFC 9110 section 6.2)', from: 'HTTP/1.0', to: 'HTTP/1.1' },
    ],
  },
];

export const CASES: readonly DifferentialCase[] = [
  ...METHOD_CASES,
  ...TARGET_CASES,
  ...REQUEST_CASES,
  ...RESPONSE_CASES,
];
