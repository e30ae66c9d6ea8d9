/**
 * Clients that exceed every limit: more fields, longer heads, more connections than allowed, or so slow that they never
 * finish. Each is refused within its limit, and meanwhile others are served.
 */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { until } from '../integration/proxy/rig.ts';
import { head, problemOf, startWireRig, type WireRig } from './wire-rig.ts';

const rigs: WireRig[] = [];
let wire: WireRig;
/** Short timeouts, only for clients that are slow on purpose: a busy machine makes others slow too. */
let hasty: WireRig;
async function start(options: Parameters<typeof startWireRig>[0] = {}): Promise<WireRig> {
  const rig = await startWireRig(options);
  rigs.push(rig);
  return rig;
}
beforeAll(async () => {
  wire = await start();
  hasty = await start({ proxy: { timeouts: { headersMs: 200, requestMs: 400 } } });
});
afterAll(async () => {
  for (const rig of rigs) await rig.close();
});

async function expectServed(rig: WireRig = wire): Promise<void> {
  expect(await rig.answer(head('GET /fine'))).toMatch(/legacy GET \/fine$/);
}

/** Sends bytes as long as the other side accepts them, and returns what came back by the end. */
async function sendWithoutEnd(rig: WireRig, start: string, again: string): Promise<string> {
  const client = await rig.client(start);
  let sent = 0;
  const send = (): void => {
    while (client.socket.writable && sent < 8_000_000) {
      sent += again.length;
      if (!client.socket.write(again)) break;
    }
  };
  client.socket.on('drain', send);
  send();
  const text = await client.untilEnd();
  expect(sent).toBeLessThan(8_000_000);
  return text;
}

describe('too much', () => {
  test.each([
    ['fields', 'GET / HTTP/1.1\r\nHost: h\r\n', 'X: a\r\n'.repeat(1_000), 431],
    ['of one field', 'GET / HTTP/1.1\r\nHost: h\r\nX: ', 'a'.repeat(65_536), 431],
    ['of a field name', 'GET / HTTP/1.1\r\nHost: h\r\n', 'a'.repeat(65_536), 431],
    ['of a target', 'GET /', 'a'.repeat(65_536), 431],
    ['of a method', 'G', 'E'.repeat(65_536), 400],
    ['of a chunk extension', head('POST /', 'Transfer-Encoding: chunked'), '1;a=b'.repeat(10_000), 400],
    ['of a trailer', `${head('POST /', 'Transfer-Encoding: chunked')}0\r\n`, 'X: a\r\n'.repeat(10_000), 431],
  ])('%s is refused long before it ends', async (_name, begin, again, status) => {
    const text = await sendWithoutEnd(wire, begin, again);
    // The answer may be lost while bytes were still in transit; whatever arrived is that answer.
    if (text !== '') expect(problemOf(text)).toMatchObject({ status });
    await expectServed();
  });

  it('of small heads: a pipeline longer than pool and queue takes one place and keeps its order', async () => {
    const one = await wire.answer(head('GET /p'));
    const client = await wire.client(head('GET /p').repeat(1_400));
    const text = await client.until((all) => all.length >= one.length * 1_400);
    expect(text).toBe(one.repeat(1_400));
    client.close();
    expect(wire.legacy.sockets.size).toBeLessThan(10);
    await expectServed();
  });
});

describe('too slow', () => {
  test.each([
    ['nothing at all', ''],
    ['a request line without end', 'GET /'],
    ['a head without end', 'GET / HTTP/1.1\r\nHost: h\r\nX: '],
    ['chunks of extensions alone', `${head('POST /', 'Transfer-Encoding: chunked')}1;`],
  ])('slow loris: %s, byte by byte, is answered 408', async (_, begin) => {
    const client = await hasty.client(begin);
    const drip = setInterval(() => {
      if (begin !== '') client.socket.write('a');
    }, 20);
    try {
      await until(() => client.ended, 'ended by the proxy');
    } finally {
      clearInterval(drip);
    }
    expect(problemOf(client.text)).toMatchObject({ status: 408 });
  });

  const crowd = (rig: WireRig) =>
    Promise.all(Array.from({ length: 300 }, () => rig.client('GET / HTTP/1.1\r\nHost: h\r\n')));

  it('hundreds of them at once delay no other client', async () => {
    const slow = await crowd(wire);
    await expectServed();
    expect(slow.filter(({ ended }) => ended)).toEqual([]);
    for (const client of slow) client.close();
  });

  it('hundreds of them at once are all ended', async () => {
    const slow = await crowd(hasty);
    await until(() => slow.every(({ ended }) => ended), 'all of them ended');
  });

  it('an idle connection is closed when its time is over', async () => {
    const rig = await start({ proxy: { timeouts: { keepAliveMs: 100 } } });
    const client = await rig.client(head('GET /a'));
    await client.until((text) => text.endsWith('legacy GET /a'));
    await client.untilEnd();
  });
});

describe('too many connections', () => {
  it('beyond the limit are closed at once, the others stay, and places become free again', async () => {
    const rig = await start({ proxy: { limits: { connections: 20 } } });
    const held = await Promise.all(Array.from({ length: 20 }, () => rig.client(head('GET /held'))));
    for (const client of held) await client.until((text) => text.endsWith('/held'));
    const surplus = await Promise.all(Array.from({ length: 50 }, () => rig.client('')));
    await Promise.all(surplus.map((client) => client.untilEnd()));
    expect(surplus.map(({ text }) => text).join('')).toBe('');
    for (const client of held) {
      client.socket.write(head('GET /again'));
      await client.until((text) => text.endsWith('/again'));
    }
    held[0]!.close();
    await until(
      async () => (await rig.untilClosed(head('GET /x', 'Connection: close'))).endsWith('/x'),
      'a place',
    );
    const counted = async () =>
      (await rig.rig.metrics()).includes('ficus_refused_total{reason="too-many-connections"}');
    await until(counted, 'counted');
  });
});

describe('a refused body', () => {
  // A client that is still sending when it is refused must get the answer, not a reset that destroys it in transit.
  it('of megabytes leaves the answer readable', async () => {
    for (let times = 0; times < 10; times += 1) {
      const client = await wire.client(head('POST /api/notes%', 'Content-Length: 4000000'));
      client.socket.write('a'.repeat(400_000));
      await until(() => client.ended, 'ended');
      expect(problemOf(client.text)).toMatchObject({ status: 400 });
    }
    await expectServed();
  });
});
