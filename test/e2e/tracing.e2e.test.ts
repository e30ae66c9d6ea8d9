/** One request through proxy and service is one trace, sent to a collector by OTLP; without a collector, none is. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeTestDirectory } from '../parts/test-directory.ts';
import { startCommand, stopAll } from './run-command.ts';

interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
}

interface OtlpDocument {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

const spans: Span[] = [];
let collector: Server;
let directory: string;
let shopUrl: string;

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      take(JSON.parse(Buffer.concat(chunks).toString()) as OtlpDocument);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  directory = await makeTestDirectory('tracing');
  const running = startCommand(['sample/start.ts', '--scale', '0.01', '--directory', directory], {
    FICUS_PROXY_PORT: '0',
    FICUS_CONTROL_PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  const welcome = await running.until('Ctrl-C stops all of it');
  shopUrl = /shop, through Ficus\s+(\S+)/.exec(welcome)?.[1] ?? '';
});

afterAll(async () => {
  await stopAll();
  collector.close();
  await rm(directory, { recursive: true, force: true });
});

function take(document: OtlpDocument): void {
  for (const { resource, scopeSpans } of document.resourceSpans) {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service }))));
  }
}

test.each(['legacy', 'candidate'])(
  'a request that the %s serves is one trace from the proxy on',
  async (side) => {
    const login = await fetch(`${shopUrl}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'customer1@example.test', password: 'ficus' }),
    });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    const traceId = (side === 'legacy' ? 'a' : 'b').repeat(32);
    const caller = '1234567890abcdef';
    const answer = await fetch(`${shopUrl}/api/notifications?limit=1`, {
      headers: { cookie, 'x-ficus-force': side, traceparent: `00-${traceId}-${caller}-01` },
    });
    expect(answer.headers.get('x-ficus-side')).toBe(side);

    const server = side === 'legacy' ? /^shop$/ : /^notifications$/;
    // Each process sends its own spans: a child may arrive before its parent.
    await vi.waitFor(
      () => {
        const ours = spans.filter((span) => span.traceId === traceId);
        const proxy = ours.find((span) => /ficus/.test(span.service) && span.parentSpanId === caller);
        const served = ours.find((span) => server.test(span.service));
        // The trace is connected: each span except the caller's has its parent in it.
        const ids = new Set(ours.map((span) => span.spanId));
        const orphan = ours.find(
          ({ parentSpanId = '' }) => parentSpanId !== caller && !ids.has(parentSpanId),
        );
        if (!proxy || !served || orphan) throw new Error(`spans so far: ${JSON.stringify(ours)}`);
      },
      { timeout: 15_000, interval: 100 },
    );
  },
);
