/** Both sample applications as processes: how they fail to start, how they stop, what they log and what they trace. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../contract/eventually.ts';
import {
  createDatabase,
  lockTable,
  type SampleDatabase,
  seededShop,
} from '../../contract/sample-databases.ts';
import { runSample, type SampleApp, type SampleProcess, startSample } from '../../contract/sample-process.ts';
import { IDENTITY_SECRET, logIn, signIdentity } from '../../contract/sample-subjects.ts';
import { STOPPED_WHEN_LISTENING } from '../../parts/stopped-when-listening.ts';

const APPS: readonly SampleApp[] = ['legacy-monolith', 'extracted/notifications'];
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

let shop: SampleDatabase;
let service: SampleDatabase;
beforeAll(async () => {
  shop = await seededShop(inject('postgresPort'));
  service = await createDatabase(inject('postgresPort'), 'service');
});
afterAll(async () => {
  await shop?.[Symbol.asyncDispose]();
  await service?.[Symbol.asyncDispose]();
});

const environmentOf = (app: SampleApp) => ({
  DATABASE_URL: app === 'legacy-monolith' ? shop.url : service.url,
  IDENTITY_SECRET,
});

const start = async (app: SampleApp, environment: Record<string, string> = {}) => {
  const process = await startSample(app, { ...environmentOf(app), ...environment });
  onTestFinished(async () => {
    await process.stop();
  });
  return process;
};

/** Headers of customer 1 at either application. */
const asCustomer = async (app: SampleApp, address: string): Promise<Record<string, string>> =>
  app === 'legacy-monolith'
    ? { cookie: await logIn(address, 1) }
    : { 'x-ficus-identity': await signIdentity('1') };

describe.each(APPS)('%s', (app) => {
  let running: SampleProcess;
  beforeAll(async () => {
    running = await startSample(app, environmentOf(app));
  });
  afterAll(async () => {
    await running?.stop();
  });

  it('says in one sentence why it cannot start, and exits 3', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const base = `postgres://postgres:secret@127.0.0.1:${inject('postgresPort')}`;

    for (const [environment, sentence] of [
      [
        { PORT: String(port) },
        `Port ${port} on 127.0.0.1 is taken: stop what uses it, or set PORT to another`,
      ],
      [
        { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' },
        'Cannot use PostgreSQL at 127.0.0.1:1/x (ECONNREFUSED)',
      ],
      [{ DATABASE_URL: `${base}/nowhere` }, '/nowhere: create it, or set DATABASE_URL to one that exists.'],
    ] as const) {
      const { status, stdout, stderr } = await runSample(app, { ...environmentOf(app), ...environment });
      expect(status).toBe(3);
      expect(stdout).toBe('');
      expect(stderr).toContain(sentence);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).not.toMatch(/secret|\n\s+at /);
    }
  });

  it('names every wrong variable, and exits 2', async () => {
    const { status, stderr } = await runSample(app, { PORT: '99999', LOG_LEVEL: 'loud' });
    expect(status).toBe(2);
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL']) expect(stderr).toContain(name);
  });

  it('opens with the line that says where it listens, whatever the log level', async () => {
    const { lines, address } = await start(app, { LOG_LEVEL: 'silent' });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      msg: 'listening',
      address,
      service: expect.any(String),
      version: '0.1.0',
    });
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    expect(lines).toHaveLength(1);
  });

  it('logs one line for each request, with request id and trace id, and no secrets', async () => {
    const { lines, address } = running;
    const headers = await asCustomer(app, address);
    await fetch(`${address}/api/notifications?limit=3`, {
      headers: { ...headers, 'x-request-id': 'req-1', traceparent: TRACEPARENT },
    });
    await eventually(() => expect(lines.some((line) => line.includes('req-1'))).toBe(true));
    const line = JSON.parse(lines.find((text) => text.includes('req-1'))!);
    expect(line).toMatchObject({
      requestId: 'req-1',
      traceId: TRACE_ID,
      method: 'GET',
      path: '/api/notifications',
      route: '/api/notifications',
      status: 200,
    });
    for (const secret of Object.values(headers))
      expect(lines.join()).not.toContain(secret.replace('sid=', ''));
  });

  it('describes itself in a valid OpenAPI document', async () => {
    const { address } = running;
    const document = (await (await fetch(`${address}/openapi.json`)).json()) as Record<string, unknown>;
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
    expect(document.openapi).toBe('3.1.0');
  });

  it('answers 503 while its database is unreachable, and recovers', async () => {
    const { address } = running;
    const database = app === 'legacy-monolith' ? shop : service;
    const headers = await asCustomer(app, address);
    const list = () => fetch(`${address}/api/notifications`, { headers });
    expect((await list()).status).toBe(200);
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`ALTER DATABASE ${name} CONNECTION LIMIT 0`);
    onTestFinished(async () => void (await database.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`)));
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name IN ('shop', 'notifications')`,
    );
    expect((await list()).status).toBeLessThan(504);
    await database.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    await eventually(async () => expect((await list()).status).toBe(200));
  });

  it('drains on SIGTERM: a request in progress is answered, then it exits 0', async () => {
    const process = await startSample(app, environmentOf(app));
    const database = app === 'legacy-monolith' ? shop : service;
    const headers = await asCustomer(app, process.address);
    // A lock holds the request inside the application until the test releases it.
    await using gate = await lockTable(
      database,
      app === 'legacy-monolith' ? 'notifications' : 'notification',
    );
    const answer = fetch(`${process.address}/api/notifications/read-all`, { method: 'POST', headers });
    await eventually(async () =>
      expect(
        await database.query(
          `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
           WHERE NOT granted AND datname = current_database()`,
        ),
      ).not.toEqual([]),
    );
    process.child.kill('SIGTERM');
    await eventually(async () => expect(process.lines.some((line) => line.includes('draining'))).toBe(true));
    await gate[Symbol.asyncDispose]();
    expect((await answer).status).toBe(200);
    expect(await process.stop()).toBe(0);
  });

  it('drains even when stopped just as it reports that it listens', async () => {
    const { status, stdout } = await runSample(app, {
      ...environmentOf(app),
      NODE_OPTIONS: `--import=${STOPPED_WHEN_LISTENING}`,
    });
    expect([status, stdout]).toEqual([0, expect.stringContaining('draining')]);
  });

  it('sends spans of requests and statements when asked, in the caller’s trace', async () => {
    const collector = await startCollector();
    const { address } = await start(app, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.address });
    const headers = await asCustomer(app, address);
    await fetch(`${address}/api/notifications`, { headers: { ...headers, traceparent: TRACEPARENT } });
    // They need not arrive together: each is sent with others that ended at about the same time.
    const spanOf = (name: RegExp) =>
      eventually(() => {
        const found = collector.spans(TRACE_ID).find((span) => name.test(span.name));
        expect(found).toBeDefined();
        return found!;
      });
    const server = await spanOf(/^GET \/api\/notifications$/);
    expect(server).toMatchObject({ kind: 2, parentSpanId: '00f067aa0ba902b7' });
    expect(await spanOf(/^notifications?\.list$/)).toMatchObject({ kind: 3, parentSpanId: server.spanId });
  });
});

it('the shop ends even while a browser watches an order', async () => {
  const process = await startSample('legacy-monolith', { DATABASE_URL: shop.url });
  const cookie = await logIn(process.address, 1);
  const [order] = await shop.query<{ id: string }>('SELECT id FROM orders WHERE customer_id = 1 LIMIT 1');
  const stream = await fetch(`${process.address}/api/orders/${order!.id}/events`, { headers: { cookie } });
  const socket = new WebSocket(`${process.address.replace('http', 'ws')}/ws/orders/${order!.id}`, {
    headers: { cookie },
  });
  await once(socket, 'message');
  const closed = once(socket, 'close');
  expect(await process.stop()).toBe(0);
  expect(await stream.text()).toContain('event: state');
  expect((await closed)[0]).toBe(1001);
});

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
}

/** An OTLP/HTTP endpoint that records what it receives. */
async function startCollector() {
  const spans: Span[] = [];
  const server = createServer(async (request, response) => {
    const { resourceSpans } = JSON.parse(await readBody(request)) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: (traceId: string) => spans.filter((span) => span.traceId === traceId),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
