/** Timeouts and body limits of single routes. */
import { afterEach, describe, expect, test } from 'vitest';
import { rawClient } from '../forward/forwarder-rig.ts';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const LIMIT = 1_000;
const routes = [
  { id: 'quick', path: '/quick', timeouts: { firstByteMs: 100 } },
  { id: 'patient', path: '/patient', timeouts: { firstByteMs: 60_000 } },
  { id: 'small', methods: ['POST'], path: '/small', bodyBytes: LIMIT },
  { id: 'large', methods: ['POST'], path: '/large', bodyBytes: 100 * LIMIT },
];

test.each(['legacy', 'candidate'] as const)('a route’s timeouts replace those of the %s', async (side) => {
  const timeouts = { firstByteMs: 300 };
  rig = await startRig({
    routes,
    serve: side === 'candidate' ? 100 : 0,
    legacy: { timeouts },
    candidate: { timeouts },
    slice: { onBreakerOpen: 'fail' },
  });
  const held = new Map<string, () => void>();
  rig[side].handler = (request, response) => void held.set(request.url!, () => response.end('late'));
  const patient = rig.get('/patient');
  expect(await rig.get('/quick')).toMatchObject({ status: 504, side });
  // The upstream's own are over by then.
  if (side === 'legacy') expect(await rig.get('/other')).toMatchObject({ status: 504 });
  held.get('/patient')!();
  expect(await patient).toMatchObject({ status: 200, text: 'late' });
});

describe('a body that is larger than the limit', () => {
  const post = async (path: string, head: string, body: string): Promise<string> => {
    const client = await rawClient(
      Number(new URL(rig.url).port),
      `POST ${path} HTTP/1.1\r\nHost: shop\r\n${head}\r\n\r\n${body}`,
    );
    const text = await client.until((all) => all.includes('\r\n\r\n'));
    client.close();
    return text;
  };
  const counted = (path: string, bytes: number) => post(path, `Content-Length: ${bytes}`, 'x'.repeat(bytes));
  const chunked = (path: string, bytes: number) =>
    post(path, 'Transfer-Encoding: chunked', `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n0\r\n\r\n`);

  test.each([
    ['announced', counted],
    ['sent in chunks', chunked],
  ])('is answered with 413: %s', async (_, send) => {
    rig = await startRig({ routes, proxy: { limits: { bodyBytes: 10 * LIMIT } } });
    rig.legacy.handler = (request, response) => request.on('end', () => response.end('taken'));
    for (const [path, bytes, status] of [
      ['/small', LIMIT, 200],
      ['/small', LIMIT + 1, 413],
      ['/large', 20 * LIMIT, 200],
      ['/elsewhere', 10 * LIMIT, 200],
      ['/elsewhere', 10 * LIMIT + 1, 413],
    ] as const) {
      const text = await send(path, bytes);
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      if (status === 413) expect(text).toContain('problem+json');
    }
  });

  test('that is announced reaches no side', async () => {
    rig = await startRig({ routes });
    await counted('/small', LIMIT + 1);
    expect(rig.legacy.requests).toEqual([]);
    expect(await counted('/elsewhere', 100_000)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
