/** A head is written as bytes: text beyond them, cut to a byte, could end a line and begin another request. */
import { expect, it } from 'vitest';
import { type CopyResult, sendCopy } from '../../../proxy/upstream/send-copy.ts';
import { forwardRig, OK } from './rig.ts';

const { forwarderTo, upstreamAnswering } = forwardRig();
const LIMITS = { timeoutMs: 10_000, bodyBytes: 100 };

it('a head of other than bytes is not sent, and others are', async () => {
  const upstream = await upstreamAnswering((all) => (all.endsWith('\r\n\r\n') ? OK : undefined));
  const { upstream: to } = await forwarderTo(upstream.url);
  const send = (cookie: string) =>
    new Promise<CopyResult>((resolve) => {
      const head = `GET / HTTP/1.1\r\nHost: h\r\nCookie: ${cookie}\r\n\r\n`;
      sendCopy(to, { method: 'GET', head }, LIMITS, resolve);
    });
  const smuggled = 'a\u010d\u010aX: 1\u010d\u010a\u010d\u010aDELETE /users/1 HTTP/1.1\u010d\u010aHost: h';
  expect(await send(smuggled)).toMatchObject({ kind: 'failed', cause: 'invalid' });
  expect(await send('ÿ')).toMatchObject({ kind: 'answered', status: 200 });
  expect(upstream.received).toHaveLength(1);
  expect(upstream.received[0]).not.toContain('DELETE');
});
