/**
 * Traces by the semantic conventions for HTTP: a server span for each request, a client span for each time it is sent,
 * each upstream the child of its own sending; and a tracestate only together with its trace.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  CLIENT,
  type OtlpReceiver,
  type ReceivedSpan,
  SERVER,
  startOtlpReceiver,
} from '../../parts/otlp-receiver.ts';
import { type Rig, type RigOptions, sendRaw, startRig, until } from './rig.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

let rig: Rig;
let receiver: OtlpReceiver;

beforeEach(async () => {
  receiver = await startOtlpReceiver();
});

afterEach(async () => {
  await rig.close();
  vi.unstubAllEnvs();
  await receiver.close();
});

async function startTraced(options: RigOptions): Promise<void> {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  rig = await startRig(options);
}

/** The server span, and its client spans in the order in which they were begun. */
async function spansOfOne(count: number): Promise<{ server: ReceivedSpan; sendings: ReceivedSpan[] }> {
  const { spans } = receiver;
  await until(() => spans.length >= count, `${count} spans arrived`);
  const server = spans.find(({ kind }) => kind === SERVER)!;
  const sendings = spans.filter(({ kind }) => kind === CLIENT);
  for (const { parentSpanId } of sendings) expect(parentSpanId).toBe(server.spanId);
  return { server, sendings };
}

test('the live request and its copy are two sendings of one request', async () => {
  await startTraced({ serve: 100, shadow: 100 });
  await rig.get('/api/notes/17?token=hidden', { cookie: 'sid=a', traceparent: PARENT });
  const { server, sendings } = await spansOfOne(3);
  expect(server).toMatchObject({ name: 'GET /api/notes/:id', parentSpanId: 'b7ad6b7169203331' });
  expect(server.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/api/notes/:id',
    'url.path': '/api/notes/17',
    'url.scheme': 'http',
    'ficus.side': 'candidate',
    'ficus.reason': 'serve-flag-on',
    'ficus.slice': 'notes',
    'ficus.route': 'one',
  });
  const [live, copy] = ['candidate', 'legacy'].map(
    (side) => sendings.find((span) => span.attributes['ficus.side'] === side)!,
  );
  expect(live!.attributes).not.toHaveProperty('ficus.copy');
  expect(copy!.attributes).toMatchObject({ 'ficus.copy': true, 'http.response.status_code': 200 });
  expect(live!.attributes).toMatchObject({
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(rig.candidate.url).port),
    'url.scheme': 'http',
  });
  expect(rig.candidate.requests[0]!.headers.traceparent).toBe(`00-${TRACE}-${live!.spanId}-01`);
  expect(rig.legacy.requests[0]!.headers.traceparent).toBe(`00-${TRACE}-${copy!.spanId}-01`);
  expect(JSON.stringify(receiver.spans)).not.toContain('hidden');
});

test('an attempt that fails has a span of its own, and names its cause', async () => {
  await startTraced({ serve: 100, candidate: { url: 'http://127.0.0.1:1', retry: { attempts: 1 } } });
  await rig.get('/api/notes', { cookie: 'sid=a' });
  const { server, sendings } = await spansOfOne(3);
  expect(server.attributes).toMatchObject({
    'http.response.status_code': 200,
    'ficus.reason': 'fell-back',
  });
  expect(server.status.code).not.toBe(2);
  expect(sendings.map(({ attributes }) => attributes)).toMatchObject([
    { 'ficus.side': 'candidate', 'error.type': 'refused' },
    { 'ficus.side': 'legacy', 'http.request.resend_count': 1 },
  ]);
  expect(sendings[0]!.status.code).toBe(2);
});

test.each([
  ['an upstream’s 503', 503, '503'],
  ['no answer at all', 502, 'reset'],
])('%s is an error of both spans', async (_, status, error) => {
  await startTraced({});
  rig.legacy.handler = (request, response) => {
    if (error === '503') response.writeHead(503).end();
    else request.socket.destroy();
  };
  await rig.get('/elsewhere', { traceparent: PARENT });
  const { server, sendings } = await spansOfOne(2);
  expect(server.attributes).toMatchObject({ 'http.response.status_code': status, 'error.type': error });
  expect(server).toMatchObject({ name: 'GET', status: { code: 2 } });
  expect(sendings[0]!.attributes).toMatchObject({ 'error.type': error });
});

test('a client’s own fault is no error of the proxy’s span, and an invented method makes no name', async () => {
  await startTraced({});
  rig.legacy.handler = (_, response) => response.writeHead(404).end();
  await sendRaw(rig.url, 'PROPFIND /x HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
  const { server, sendings } = await spansOfOne(2);
  expect(server.name).toBe('HTTP');
  expect(server.attributes).toMatchObject({
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PROPFIND',
  });
  expect(server.attributes).not.toHaveProperty('error.type');
  expect(sendings[0]!.attributes).toMatchObject({ 'error.type': '404' });
});

test.each<[string, readonly string[], string | undefined]>([
  ['with its trace', [`traceparent: ${PARENT}`], 'congo=t61'],
  ['without one', [], undefined],
  ['with a trace that is malformed', ['traceparent: 00-xyz-1-01'], undefined],
  ['with two traces', [`traceparent: ${PARENT}`, `traceparent: ${PARENT}`], undefined],
])('tracestate %s', async (_, fields, passed) => {
  rig = await startRig();
  const lines = ['GET /x HTTP/1.1', 'Host: shop', 'Tracestate: congo=t61', ...fields, 'Connection: close'];
  await sendRaw(rig.url, `${lines.join('\r\n')}\r\n\r\n`);
  const { headers, rawHeaders } = rig.legacy.requests[0]!;
  expect(headers.tracestate).toBe(passed);
  expect(rawHeaders.filter((name) => name.toLowerCase() === 'traceparent')).toHaveLength(1);
});
