/** What can be seen of a proxy: health, metrics, access log, traces. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { startProxy } from '../../../proxy/index.ts';
import { ask, type FakeControl, noteFlags, type Rig, startFakeControl, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

test('health, readiness and metrics of a proxy-only run', async () => {
  rig = await startRig({ serve: 100 });
  const admin = rig.proxy.adminAddress!;
  expect(await ask(`${admin}/healthz`)).toMatchObject({ status: 200 });
  expect(await ask(`${admin}/readyz`)).toMatchObject({ status: 200 });
  expect(await ask(`${admin}/other`)).toMatchObject({ status: 404 });
  await rig.get('/api/notes', { cookie: 'sid=a' });
  await until(async () => (await rig.metrics()).includes('ficus_requests_total'), 'counted');
  const text = await rig.metrics();
  expect(text).toContain(
    'ficus_requests_total{slice="notes",route="list",side="candidate",reason="serve-flag-on"} 1',
  );
  expect(text).toContain('ficus_request_duration_seconds_count{slice="notes",side="candidate"} 1');
  const idle = 'ficus_upstream_connections{upstream="notes",state="idle"} 1\n';
  await until(async () => (await rig.metrics()).includes(idle), 'measured since');
  const measured = await rig.metrics();
  expect(measured).toContain('ficus_breakers_open{upstream="notes"} 0');
  expect(measured).toMatch(/^ficus_client_connections [1-9]/m);
  expect(measured).toMatch(/^ficus_buffered_bytes \d+$/m);
  // Each family is described once, and no line is anything but a comment or a sample.
  const described = text.split('\n').filter((line) => line.startsWith('# TYPE'));
  expect(new Set(described).size).toBe(described.length);
  for (const line of text.split('\n').filter(Boolean)) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) (ficus|process)_|(ficus|process)_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+$)/,
    );
  }
  expect(measured).toMatch(/^ficus_build_info\{service="ficus-proxy",version="[\d.]+",node="[\d.]+"\} 1$/m);
  const since = Number(/^process_start_time_seconds (.+)$/m.exec(measured)![1]);
  expect(Math.abs(Date.now() / 1000 - since)).toBeLessThan(3600);
  expect(Number(/^process_resident_memory_bytes (.+)$/m.exec(measured)![1])).toBeGreaterThan(1e7);
  expect(Number(/^ficus_workers_cpu_seconds_total (.+)$/m.exec(measured)![1])).toBeGreaterThan(0);
});

test('not ready until the control plane has sent the owners; without it the last known owners apply', async () => {
  const control: FakeControl = await startFakeControl(noteFlags(100, 0));
  rig = await startRig({ control });
  const ready = () => ask(`${rig.proxy.adminAddress}/readyz`).then(({ status }) => status);
  expect(await ready()).toBe(200);
  await control.close();
  expect(await rig.get('/api/notes', { cookie: 'sid=a' })).toMatchObject({ side: 'candidate' });
  expect(await ready()).toBe(200);
});

test('the access log has what is needed to find a request, and nothing personal', async () => {
  rig = await startRig({ serve: 100 });
  await rig.get('/api/notes?token=abc', { cookie: 'sid=my-session', 'x-request-id': 'find-me' });
  await until(() => rig.logs.some(({ msg }) => msg === 'request'), 'logged');
  const line = rig.logs.find(({ msg }) => msg === 'request')!;
  expect(line).toMatchObject({
    requestId: 'find-me',
    method: 'GET',
    path: '/api/notes',
    slice: 'notes',
    route: 'list',
    side: 'candidate',
    reason: 'serve-flag-on',
    status: 200,
  });
  expect(JSON.stringify(rig.logs)).not.toMatch(/my-session|token=abc/);
});

test('sampling leaves out successful requests, never failed ones', async () => {
  rig = await startRig({ proxy: { accessLog: { sample: 0 } } });
  await rig.get('/x');
  rig.legacy.handler = (_, response) => response.writeHead(500).end();
  await rig.get('/x');
  await until(() => rig.logs.some(({ msg }) => msg === 'request failed'), 'logged');
  expect(rig.logs.filter(({ msg }) => msg === 'request')).toEqual([]);
});

test('a taken port is one clear sentence', async () => {
  rig = await startRig();
  const config = rig.config({ proxy: { listen: new URL(rig.url).host } });
  for (const inProcess of [true, false]) {
    await expect(startProxy({ config, inProcess })).rejects.toMatchObject({
      code: 'FICUS_PORT_TAKEN',
      message: expect.stringContaining('Another process listens on 127.0.0.1:'),
    });
  }
});

test('a span for each request goes to the destination in the standard variables, and its child to the upstream', async () => {
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.end('{}');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(collector.address() as AddressInfo).port}`);
  try {
    rig = await startRig({ serve: 100 });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await rig.get('/api/notes', { cookie: 'sid=a', traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    const passedOn = String(rig.candidate.requests[0]!.headers.traceparent);
    expect(passedOn).toMatch(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
    await until(() => bodies.some((body) => body.includes(passedOn.split('-')[2]!)), 'the span arrived');
    expect(bodies.join('')).toContain('ficus.side');
  } finally {
    vi.unstubAllEnvs();
    collector.closeAllConnections();
    collector.close();
  }
});
