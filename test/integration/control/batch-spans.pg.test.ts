/**
 * The change stream joined to the traces of the requests that it applies: a write through the proxy, with a client's
 * traceparent, and the span of the batch that brings it to the candidate. Proxy, control plane, stream and the receiver
 * of spans are real.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { type ControlClient, createControlClient } from '@ficus/contract';
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import { type RunningProxy, startProxy } from '@ficus/proxy';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { ROOT } from '../../parts/named-files.ts';
import {
  CONSUMER,
  type OtlpReceiver,
  type ReceivedSpan,
  SERVER,
  startOtlpReceiver,
} from '../../parts/otlp-receiver.ts';
import { createTestDatabase, silent, type TestDatabase, testConfig } from './rig.ts';

const WAIT = { timeout: 45_000, interval: 20 };

let receiver: OtlpReceiver;
let [source, target, state]: TestDatabase[] = [];
let legacy: { server: Server; url: string };
let control: Control;
let client: ControlClient;
let proxy: RunningProxy;

/** A monolith that inserts the note of each POST; ids begin at 1. */
async function startLegacy(database: string): Promise<{ server: Server; url: string }> {
  const pool = new pg.Pool({ connectionString: database, max: 2 });
  const server = createServer(async (request, response) => {
    request.resume();
    const body = request.url!.split('/').at(-1);
    const { rows } = await pool.query('INSERT INTO notes (body) VALUES ($1) RETURNING id', [body]);
    response.end(JSON.stringify(rows[0]));
  }).listen(0, '127.0.0.1');
  server.on('close', () => void pool.end());
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const port = inject('postgresPort');
  [source, target, state] = await Promise.all(
    ['source', 'target', 'state'].map((name) => createTestDatabase(port, name)),
  );
  const columns = 'body text NOT NULL CHECK (body <> $$refused$$)';
  await source!.query(`CREATE TABLE notes (id serial PRIMARY KEY, body text NOT NULL)`);
  await target!.query(`CREATE TABLE notes (id int PRIMARY KEY, ${columns})`);
  legacy = await startLegacy(source!.url);
  const config = testConfig(state!.url, {
    proxy: { listen: '127.0.0.1:0', identify: { user: { cookie: 'sid' } } },
    legacy: { url: legacy.url, database: source!.url },
    slices: {
      notes: {
        candidate: { url: 'http://127.0.0.1:1', database: target!.url },
        routes: [{ id: 'add', methods: ['POST'], path: '/api/notes/:body' }],
        tables: [{ from: 'notes', to: 'notes' }],
      },
    },
  });
  control = await startControl({ config, logger: silent });
  client = createControlClient(control.address);
  await vi.waitUntil(async () => (await client.replication('notes')).healthy, WAIT);
  proxy = await startProxy({ config, controlUrl: control.address, logger: silent, inProcess: true });
  // It knows how far the stream is: it releases the pin of a write.
  await post('first', undefined);
});

afterAll(async () => {
  await proxy?.stop();
  await control?.stop();
  legacy.server.closeAllConnections();
  legacy.server.close();
  await once(legacy.server, 'close');
  vi.unstubAllEnvs();
  await Promise.all([receiver.close(), source!.drop(), target!.drop(), state!.drop()]);
});

async function post(body: string, traceparent: string | undefined): Promise<void> {
  const headers: Record<string, string> = { cookie: 'sid=ann' };
  if (traceparent !== undefined) headers.traceparent = traceparent;
  const answer = await fetch(`${proxy.address}/api/notes/${body}`, { method: 'POST', headers });
  expect(answer.status, await answer.text()).toBe(200);
}

const batches = (): ReceivedSpan[] => receiver.spans.filter(({ kind }) => kind === CONSUMER);

/** The span of the batch that holds the row, once it has arrived. */
async function batchOf(body: string): Promise<ReceivedSpan> {
  const before = (await source!.query(`SELECT xmin::text FROM notes WHERE body = '${body}'`))[0];
  expect(before).toBeDefined();
  const applied = async () => (await target!.query(`SELECT 1 FROM notes WHERE body = '${body}'`)).length > 0;
  await vi.waitUntil(applied, WAIT);
  // Each test writes alone: the newest batch is its own.
  const count = seen;
  await vi.waitUntil(() => batches().length > count, WAIT);
  seen = batches().length;
  return batches().at(-1)!;
}
let seen = 0;

test('a batch is a consumer span, with links to the requests whose writes it holds', async () => {
  await batchOf('first');
  let trace: string;
  let batch: ReceivedSpan;
  let turn = 0;
  // It waits two seconds for the position of its writes: on a busy machine it may go without one.
  do {
    turn += 1;
    trace = turn.toString(16).padStart(32, 'a');
    await post(`traced-${turn}`, `00-${trace}-b7ad6b7169203331-01`);
    batch = await batchOf(`traced-${turn}`);
  } while (batch.links.length === 0 && turn < 10);
  const isRequest = ({ traceId, kind }: ReceivedSpan) => traceId === trace && kind === SERVER;
  const request = await vi.waitUntil(() => receiver.spans.find(isRequest), WAIT);
  expect(batch.links).toMatchObject([{ traceId: trace, spanId: request.spanId }]);
  expect(batch).toMatchObject({ name: 'process ficus_notes', service: 'ficus-control' });
  expect(batch.parentSpanId ?? '').toBe('');
  expect(batch.status.code ?? 0).toBe(0);
  const lsn = expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/);
  expect(batch.attributes).toEqual({
    'messaging.system': 'postgresql',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'ficus_notes',
    'messaging.consumer.group.name': expect.stringMatching(/^ficus_notes_[0-9a-f]{8}$/),
    'messaging.batch.message_count': expect.any(Number),
    'ficus.slice': 'notes',
    'ficus.rows': 1,
    'ficus.lsn.first': lsn,
    'ficus.lsn.last': lsn,
    'ficus.lag_seconds': expect.any(Number),
  });
  const [started, ended] = [BigInt(batch.startTimeUnixNano), BigInt(batch.endTimeUnixNano)];
  expect(ended > started).toBe(true);
  expect(Number(ended / 1_000_000n)).toBeGreaterThan(Date.now() - 60_000);
});

test('a trace that is not recorded is not linked, nor a write that did not come through the proxy', async () => {
  await post('unrecorded', `00-${'c'.repeat(32)}-b7ad6b7169203331-00`);
  expect((await batchOf('unrecorded')).links).toEqual([]);
  await source!.query(`INSERT INTO notes (body) VALUES ('by a job')`);
  expect((await batchOf('by a job')).links).toEqual([]);
});

test('what a proxy reports of traces is checked', async () => {
  const ask = (write: object) =>
    fetch(control.address + LINK_PATHS.positions, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ slices: ['notes'], writes: [write] }),
    });
  const good = { slice: 'notes', traceparent: `00-${'d'.repeat(32)}-b7ad6b7169203331-01`, after: '0/1' };
  expect((await ask(good)).status).toBe(200);
  expect((await ask({ ...good, slice: 'unknown' })).status).toBe(200);
  for (const bad of [{ traceparent: '00-xyz' }, { after: 'soon' }, { traceparent: undefined }])
    expect((await ask({ ...good, ...bad })).status, JSON.stringify(bad)).toBe(400);
});

test('a batch that the target refuses is an error', async () => {
  await source!.query(`INSERT INTO notes (body) VALUES ('refused')`);
  const failed = () => batches().find(({ status }) => status.code === 2);
  await vi.waitUntil(() => failed() !== undefined, WAIT);
  expect(failed()!.attributes).toMatchObject({ 'error.type': 'FICUS_CDC_APPLY_FAILED', 'ficus.rows': 1 });
  expect(JSON.stringify(receiver.spans)).not.toContain('refused');
});

/** Starts a control plane and prints which modules of OpenTelemetry were loaded. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  const { startControl } = await import('@ficus/control');
  const { configSchema } = await import('@ficus/core');
  const { pino } = await import('pino');
  const config = configSchema.parse(JSON.parse(process.env.CONFIG));
  const control = await startControl({ config, logger: pino({ level: 'silent' }) });
  await control.stop();
  console.log(JSON.stringify({ all: loaded.length, traces: loaded.filter((url) => url.includes('@opentelemetry')).length }));
`;

test.each([
  ['nothing of OpenTelemetry is loaded without a destination', undefined, 0],
  ['with one it is', 'http://127.0.0.1:1', 5],
])('%s', async (_, endpoint, least) => {
  const database = await createTestDatabase(inject('postgresPort'), 'state');
  const config = {
    version: 1,
    control: { listen: '127.0.0.1:0', database: database.url },
    legacy: { url: 'http://127.0.0.1:1' },
    slices: { pages: { candidate: { url: 'http://127.0.0.1:2' }, routes: [{ id: 'page', path: '/pages' }] } },
  };
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _unset, ...environment } = process.env;
  const env = { ...environment, CONFIG: JSON.stringify(config) };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    cwd: ROOT,
    env: endpoint === undefined ? env : { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  });
  const { all, traces } = JSON.parse(stdout) as { all: number; traces: number };
  expect(all).toBeGreaterThan(100);
  if (least === 0) expect(traces).toBe(0);
  else expect(traces).toBeGreaterThanOrEqual(least);
  await database.drop();
});
