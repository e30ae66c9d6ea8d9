/**
 * One request through proxy and service is one trace, sent to a collector by OTLP, and the change stream's batch links to
 * it; and the log of all processes can be read by any parser of JSON.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import {
  CONSUMER,
  type OtlpReceiver,
  type ReceivedSpan,
  SERVER,
  startOtlpReceiver,
} from '../parts/otlp-receiver.ts';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { startCommand, stopAll } from './run-command.ts';

const WAIT = { timeout: 45_000, interval: 100 };

let receiver: OtlpReceiver;
let directory: string;
let shopUrl: string;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  directory = await makeTestDirectory('tracing');
  const running = startCommand(['sample/start.ts', '--scale', '0.01', '--directory', directory], {
    FICUS_PROXY_PORT: '0',
    FICUS_CONTROL_PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  const welcome = await running.until('Ctrl-C stops all of it');
  shopUrl = /shop, through Ficus\s+(\S+)/.exec(welcome)?.[1] ?? '';
});

afterAll(async () => {
  await stopAll();
  await receiver.close();
  await rm(directory, { recursive: true, force: true });
});

/** @returns the session's cookie */
async function logIn(): Promise<string> {
  const login = await fetch(`${shopUrl}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'customer1@example.test', password: 'ficus' }),
  });
  return login.headers.get('set-cookie')?.split(';')[0] ?? '';
}

test.each(['legacy', 'candidate'])(
  'a request that the %s serves is one trace from the proxy on',
  async (side) => {
    const cookie = await logIn();
    const traceId = (side === 'legacy' ? 'a' : 'b').repeat(32);
    const caller = '1234567890abcdef';
    const answer = await fetch(`${shopUrl}/api/notifications?limit=1`, {
      headers: { cookie, 'x-ficus-force': side, traceparent: `00-${traceId}-${caller}-01` },
    });
    expect(answer.headers.get('x-ficus-side')).toBe(side);

    const server = side === 'legacy' ? /^shop$/ : /^notifications$/;
    // Each process sends its own spans: a child may arrive before its parent.
    await vi.waitFor(() => {
      const ours = receiver.spans.filter((span) => span.traceId === traceId);
      const proxy = ours.find((span) => /ficus/.test(span.service ?? '') && span.parentSpanId === caller);
      const served = ours.find((span) => server.test(span.service ?? ''));
      // The trace is connected: each span except the caller's has its parent in it.
      const ids = new Set(ours.map((span) => span.spanId));
      const orphan = ours.find(({ parentSpanId = '' }) => parentSpanId !== caller && !ids.has(parentSpanId));
      if (!proxy || !served || orphan) throw new Error(`spans so far: ${JSON.stringify(ours)}`);
    }, WAIT);
  },
);

/** Marks a notification as read. @returns the proxy's span of the request */
async function markAsRead(cookie: string, id: number, traceId: string): Promise<ReceivedSpan> {
  const headers = { cookie, traceparent: `00-${traceId}-1234567890abcdef-01` };
  const answer = await fetch(`${shopUrl}/api/notifications/${id}/read`, { method: 'POST', headers });
  expect(answer.status).toBeLessThan(300);
  const isRequest = (span: ReceivedSpan) =>
    span.traceId === traceId && span.kind === SERVER && span.service === 'ficus-proxy';
  return vi.waitUntil(() => receiver.spans.find(isRequest), WAIT);
}

test('a write is linked by the batch that brings it to the candidate', { timeout: 240_000 }, async () => {
  const cookie = await logIn();
  const list = await fetch(`${shopUrl}/api/notifications?limit=50`, { headers: { cookie } });
  const { items } = (await list.json()) as { items: { id: number; readAt: string | null }[] };
  const unread = items.filter(({ readAt }) => readAt === null);
  // A batch waits two seconds for the position of its writes: on a busy machine it may go without one.
  let batch: ReceivedSpan | undefined;
  let traceId = '';
  for (const [turn, { id }] of unread.entries()) {
    traceId = turn.toString(16).padStart(32, 'c');
    const { spanId } = await markAsRead(cookie, id, traceId);
    const isItsBatch = ({ kind, links }: ReceivedSpan) =>
      kind === CONSUMER && links.some((link) => link.spanId === spanId);
    const find = () => receiver.spans.find(isItsBatch);
    batch = await vi.waitUntil(find, { timeout: 15_000, interval: 100 }).catch(() => undefined);
    if (batch) break;
  }
  expect(batch).toMatchObject({
    service: 'ficus-control',
    attributes: { 'ficus.slice': 'notifications' },
    links: [{ traceId }],
  });
});

test('no line of the log has a key twice', async () => {
  const log = await readFile(join(directory, 'logs', 'ficus.log'), 'utf8');
  const lines = log.split('\n').filter((line) => line.startsWith('{'));
  for (const text of ['"msg":"request"', '"msg":"stream runs"', '"msg":"listening"'])
    expect(
      lines.some((line) => line.includes(text)),
      text,
    ).toBe(true);
  // Unlike JSON.parse, which keeps the last, YAML's parser refuses a key that is there twice.
  for (const line of lines) expect(() => parse(line) as unknown, line).not.toThrow();
});
