/** A client that stops in the middle of its body gets an answer that says why; one that continues may take any time. */
import { afterEach, expect, test } from 'vitest';
import { rawClient } from '../forward/forwarder-rig.ts';
import { type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

const SILENCE_MS = 400;
/** Waits for the whole body. */
const answerWhole: Rig['legacy']['handler'] = (request, response) => {
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  request.on('end', () => response.end(`whole: ${bytes}`));
};

test.each([
  ['timeouts.idleMs of the upstream', { legacy: { timeouts: { idleMs: 200 } } }],
  ['proxy.timeouts.requestMs', { proxy: { timeouts: { requestMs: 200, drainMs: 200 } } }],
])(
  'a body that stalls for longer than %s is answered with 408, counted and logged as the client’s failure',
  async (_, options) => {
    rig = await startRig(options);
    rig.legacy.handler = answerWhole;
    const answer = await sendRaw(
      rig.url,
      'POST /api/notes HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\npart',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*application\/problem\+json.*Connection: close/is);
    expect(answer).toContain('did not arrive in time');
    const failed = { failedSide: 'client', phase: 'send', cause: 'timed-out' };
    await until(() =>
      rig.logs.some((line) => Object.entries(failed).every(([name, value]) => line[name] === value)),
    );
    await until(async () => (await rig.metrics()).includes('side="client",phase="send",cause="timed-out"'));
  },
);

test.each([
  ['Content-Length: 1000000', (bytes: number) => 'a'.repeat(bytes), 'b'.repeat(1_000_000)],
  [
    'Transfer-Encoding: chunked',
    (bytes: number) => `${bytes.toString(16)}\r\n${'a'.repeat(bytes)}\r\n`,
    '0\r\n\r\n',
  ],
])('a body that moves may take longer than any silence may: %s', async (framing, piece, rest) => {
  const timeouts = { requestMs: SILENCE_MS, headersMs: SILENCE_MS, drainMs: 200 };
  rig = await startRig({ proxy: { timeouts }, legacy: { timeouts: { idleMs: SILENCE_MS } } });
  rig.legacy.handler = answerWhole;
  const client = await rawClient(
    Number(new URL(rig.url).port),
    `POST /import HTTP/1.1\r\nHost: shop\r\n${framing}\r\n\r\n`,
  );
  const began = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const drip = setInterval(() => {
      client.socket.write(piece(5));
      sent += 5;
      if (!client.ended && performance.now() - began < 4 * SILENCE_MS) return;
      clearInterval(drip);
      resolve();
    }, 10);
  });
  expect(client.ended).toBe(false);
  const last = framing.startsWith('C') ? rest.slice(sent) : rest;
  client.socket.write(last);
  const whole = framing.startsWith('C') ? rest.length : sent;
  expect(await client.until((text) => text.includes('whole: '))).toContain(`whole: ${whole}`);
  client.close();
});

test('a body that nobody reads any more is no endless matter: its connection ends after the silence', async () => {
  rig = await startRig({ proxy: { timeouts: { keepAliveMs: SILENCE_MS, drainMs: 200 } } });
  rig.legacy.handler = (_, response) => response.end('early');
  const client = await rawClient(
    Number(new URL(rig.url).port),
    'POST /import HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\npart',
  );
  expect(await client.untilEnd()).toContain('early');
});
