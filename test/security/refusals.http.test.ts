/**
 * Everything that the proxy refuses, and every failure behind it, is visible in three places: the client's answer
 * (status and problem document), a log line with a reason, and a counter. A failed exchange names its side and phase in
 * both.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RigOptions, until } from '../integration/proxy/rig.ts';
import { head, ok, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

let wire: WireRig;
const rigs: WireRig[] = [];
beforeAll(async () => {
  wire = await startWireRig({
    proxy: { limits: { headerBytes: 2_000, targetBytes: 500, headerCount: 20 } },
  });
});
afterAll(async () => {
  await wire.close();
  for (const rig of rigs) await rig.close();
});
beforeEach(() => {
  wire.forget();
  wire.rig.logs.length = 0;
});

async function other(options: RigOptions): Promise<WireRig> {
  const made = await startWireRig(options);
  rigs.push(made);
  return made;
}

/** What must be counted by the end, by rig and series: totals arrive twice a second, too slow to wait for each. */
const toCount = new Map<WireRig, Map<string, number>>();

function expectCounted(rig: WireRig, series: string): void {
  const counts = toCount.get(rig) ?? new Map<string, number>();
  toCount.set(rig, counts.set(series, (counts.get(series) ?? 0) + 1));
}

const CODES: Readonly<Record<number, string>> = {
  400: 'FICUS_PROXY_BAD_REQUEST',
  405: 'FICUS_PROXY_UNSUPPORTED',
  408: 'FICUS_PROXY_REQUEST_TIMEOUT',
  414: 'FICUS_PROXY_HEAD_TOO_LARGE',
  431: 'FICUS_PROXY_HEAD_TOO_LARGE',
  501: 'FICUS_PROXY_UNSUPPORTED',
  505: 'FICUS_PROXY_UNSUPPORTED',
};

async function expectRefused(rig: WireRig, bytes: string, status: number, reason: string): Promise<void> {
  rig.rig.logs.length = 0;
  const text = await rig.untilClosed(bytes);
  expect(problemOf(text)).toMatchObject({
    status,
    code: CODES[status],
    detail: expect.stringMatching(/\.$/),
  });
  expect(rig.rig.logs).toContainEqual(expect.objectContaining({ msg: 'request refused', reason, status }));
  expectCounted(rig, `ficus_refused_total{reason="${reason}"}`);
}

describe('a refused request', () => {
  test.each([
    ['GET / HTTP/1.1\r\n\r\n', 400, 'host-missing'],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400, 'duplicate-host'],
    ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'host-invalid'],
    [head('POST /', 'Content-Length: 1', 'content-length: 1'), 400, 'unexpected-content-length'],
    [head('POST /', 'Transfer-Encoding: gzip, chunked'), 501, 'transfer-encoding-unknown'],
    [head('POST /', 'Transfer-Encoding: identity'), 400, 'transfer-encoding-invalid'],
    ['POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400, 'transfer-encoding-in-1.0'],
    [head('GET *'), 400, 'target-invalid'],
    [head('GET /api\\notes'), 400, 'path-ambiguous'],
    [head('TRACE /'), 405, 'method-refused'],
    ['CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', 405, 'method-refused'],
    [head('post /'), 400, 'method-unknown'],
    [head(`GET /${'a'.repeat(600)}`), 414, 'target-too-long'],
    [head('GET /', ...Array.from({ length: 30 }, (_, at) => `X-${at}: 1`)), 431, 'too-many-headers'],
    [head('GET /', `X: ${'a'.repeat(3_000)}`), 431, 'head-too-large'],
    [head('GET /', 'X : a'), 400, 'invalid-header-token'],
    ['GET / HTTP/1.1\nHost: h\n\n', 400, 'invalid-version'],
    [head('GET /', 'Connection: Upgrade', 'Upgrade: x', 'Host: again'), 400, 'duplicate-host'],
  ] as const)('%j', (bytes, status, reason) => expectRefused(wire, bytes, status, reason));

  test('has its own reason when it does not arrive in time', async () => {
    const slow = await other({ proxy: { timeouts: { headersMs: 100, requestMs: 200 } } });
    await expectRefused(slow, 'GET / HTTP/1.1\r\nHost: h\r\nX-Drip: ', 408, 'request-timeout');
  });

  test('is counted when there are too many connections', async () => {
    const full = await other({ proxy: { limits: { connections: 1 } } });
    const first = await full.client('');
    expect(await full.untilClosed('')).toBe('');
    expect(await full.untilClosed('')).toBe('');
    for (let times = 0; times < 2; times += 1) {
      expectCounted(full, 'ficus_refused_total{reason="too-many-connections"}');
    }
    first.socket.write(head('GET /'));
    await first.until((text) => text.endsWith('legacy GET /'));
  });
});

test('a full bulkhead is answered 503 with a time to retry', async () => {
  const rig = await other({ legacy: { concurrency: 1 } });
  rig.legacy.script = () => undefined;
  await rig.client(head('GET /hangs'));
  await until(() => rig.legacy.requests.length === 1, 'the only place is taken');
  const text = await rig.answer(head('GET /'));
  expect(problemOf(text)).toMatchObject({ status: 503, code: 'FICUS_PROXY_OVERLOADED' });
  expect(text).toMatch(/\r\nretry-after: 1\r\n/i);
  expect(rig.rig.logs).toContainEqual(expect.objectContaining({ code: 'FICUS_PROXY_OVERLOADED', level: 40 }));
  expectCounted(rig, 'ficus_refused_total{reason="FICUS_PROXY_OVERLOADED"}');
});

interface Failure {
  readonly name: string;
  readonly answer: string;
  /** 0: the response has begun. */
  readonly status: number;
  readonly phase: string;
  readonly cause: string;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const FAILURES: readonly Failure[] = [
  { name: 'says nonsense', answer: 'nonsense\r\n\r\n', status: 502, phase: 'first-byte', cause: 'invalid' },
  { name: 'closes', answer: '', status: 502, phase: 'first-byte', cause: 'reset' },
  {
    name: 'closes in the body',
    answer: `${OK}Content-Length: 9\r\n\r\nx`,
    status: 0,
    phase: 'receive',
    cause: 'reset',
  },
  {
    name: 'breaks its framing',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\nnonsense`,
    status: 0,
    phase: 'receive',
    cause: 'invalid',
  },
];

describe('an upstream that', () => {
  test.each(FAILURES)('$name', async ({ answer, status, phase, cause }) => {
    // The client must have seen the beginning before it disconnects.
    const [begun, rest] = status === 0 ? answer.split(/(?=nonsense$)/) : ['', answer];
    let breakOff = (): void => {};
    wire.legacy.script = (_request, socket) => {
      breakOff = () => void socket.end(rest ?? '');
      if (status === 0) socket.write(begun!);
      else breakOff();
      return undefined;
    };
    await expectFailure(
      wire,
      head('POST /', 'Content-Length: 0'),
      status,
      'legacy',
      'upstream',
      phase,
      cause,
      () => breakOff(),
    );
  });

  test('says nothing', async () => {
    const rig = await other({ legacy: { timeouts: { firstByteMs: 100 } } });
    rig.legacy.script = () => undefined;
    await expectFailure(rig, head('GET /'), 504, 'legacy', 'upstream', 'first-byte', 'timed-out');
  });

  test('is not there', async () => {
    const rig = await other({});
    await rig.legacy.close();
    await expectFailure(
      rig,
      head('POST /', 'Content-Length: 0'),
      502,
      'legacy',
      'upstream',
      'connect',
      'refused',
    );
  });

  test('has no connection free', async () => {
    const rig = await other({ legacy: { pool: { connections: 1, pending: 0 } } });
    rig.legacy.script = () => undefined;
    await rig.client(head('GET /hangs'));
    await until(() => rig.legacy.requests.length === 1, 'the only connection is taken');
    await expectFailure(rig, head('GET /'), 503, 'legacy', 'upstream', 'queue', 'overloaded');
  });
});

describe('a client that', () => {
  test.each([
    ['goes away before the answer', head('GET /'), 'first-byte', undefined],
    ['goes away in its own body', `${head('POST /', 'Content-Length: 9')}x`, 'send', undefined],
    ['goes away in the answer', head('GET /'), 'receive', `${OK}Content-Length: 9\r\n\r\nx`],
  ])('%s', async (_name, bytes, phase, answer) => {
    wire.legacy.script = () => answer;
    const connections = wire.legacy.received.length;
    const client = await wire.client(bytes);
    if (answer) await client.until((text) => text.endsWith('x'));
    else {
      const seen = () =>
        wire.legacy.received.some(
          (text, index) => index >= connections - 1 && text.includes(bytes.slice(0, 6)),
        );
      await until(seen, 'at the upstream');
    }
    client.socket.resetAndDestroy();
    await until(() => wire.rig.logs.some(({ failedSide }) => failedSide === 'client'), 'logged');
    expect(wire.rig.logs.find(({ failedSide }) => failedSide)).toMatchObject({ phase, cause: 'cancelled' });
    expectCounted(
      wire,
      `ficus_upstream_failures_total{upstream="legacy",side="client",phase="${phase}",cause="cancelled"}`,
    );
  });
});

/** @param onBegun called when the client has been given the head */
async function begunAnswer(rig: WireRig, bytes: string, onBegun: () => void): Promise<string> {
  const client = await rig.client(bytes);
  await client.until((text) => text.includes('\r\n\r\n'));
  onBegun();
  return client.untilEnd();
}

async function expectFailure(
  rig: WireRig,
  bytes: string,
  status: number,
  upstream: string,
  side: string,
  phase: string,
  cause: string,
  onBegun = () => {},
): Promise<void> {
  rig.rig.logs.length = 0;
  const text = status > 0 ? await rig.answer(bytes) : await begunAnswer(rig, bytes, onBegun);
  if (status > 0) expect(problemOf(text)).toMatchObject({ status, detail: expect.stringContaining(phase) });
  else expect(text).not.toContain('problem+json');
  await until(() => rig.rig.logs.some(({ msg }) => msg === 'request failed'), 'logged');
  expect(rig.rig.logs.find(({ msg }) => msg === 'request failed')).toMatchObject({
    failedSide: side,
    phase,
    cause,
    responseStarted: status === 0,
  });
  const labels = `upstream="${upstream}",side="${side}",phase="${phase}",cause="${cause}"`;
  expectCounted(rig, `ficus_upstream_failures_total{${labels}}`);
}

test('all of it was counted, once each', async () => {
  expect(toCount.size).toBeGreaterThan(3);
  for (const [rig, counts] of toCount) {
    const expected = [...counts].map(([series, count]) => `${series} ${count}`).sort();
    const seen = async () =>
      (await rig.rig.metrics())
        .split('\n')
        .filter((line) => /^ficus_(refused|upstream_failures)_total\{/.test(line))
        .sort();
    await until(async () => (await seen()).join() === expected.join(), 'counted').catch(() => {});
    expect(await seen()).toEqual(expected);
  }
});

test('a refusal or failure does not affect the next request', async () => {
  wire.legacy.script = () => ok('fine');
  expect(await wire.answer(head('GET /'))).toMatch(/fine$/);
});
