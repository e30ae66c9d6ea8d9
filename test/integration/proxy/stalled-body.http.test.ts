/** A client that stops in the middle of its body gets an answer that says why. */
import { afterEach, expect, test } from 'vitest';
import { type Rig, sendRaw, startRig, until } from './rig.ts';

let rig: Rig;
afterEach(() => rig.close());

test('a stalled body is answered with 408, counted and logged as the client’s failure', async () => {
  rig = await startRig({ legacy: { timeouts: { idleMs: 200 } } });
  // Waits for the whole body.
  rig.legacy.handler = (request, response) => request.on('end', () => response.end('whole'));
  const answer = await sendRaw(
    rig.url,
    'POST /api/notes HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\npart',
  );
  expect(answer).toMatch(/^HTTP\/1.1 408 .*application\/problem\+json.*Connection: close/is);
  expect(answer).toContain('did not arrive in time');
  const failed = { failedSide: 'client', phase: 'send', cause: 'timed-out' };
  await until(() =>
    rig.logs.some((line) => Object.entries(failed).every(([name, value]) => line[name] === value)),
  );
  await until(async () => (await rig.metrics()).includes('side="client",phase="send",cause="timed-out"'));
});
