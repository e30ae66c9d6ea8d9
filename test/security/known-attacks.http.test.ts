/** Each row of the table of inputs that a proxy must survive, named by its origin, through a whole proxy. */
import { afterEach, describe, expect, it } from 'vitest';
import { PATIENT } from '../integration/forward/forwarder-rig.ts';
import {
  answering,
  type Exposed,
  type ExposedOptions,
  endsWith,
  exposeProxy,
  includes,
  OK,
} from './exposed-proxy.ts';

let proxy: Exposed | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

async function expose(options: ExposedOptions = {}): Promise<Exposed> {
  proxy = await exposeProxy(options);
  return proxy;
}

const okWhenHeadEnds: ExposedOptions['legacy'] = (socket, all) => {
  if (all.endsWith('\r\n\r\n')) socket.write(OK);
};

describe('inputs that a proxy must survive', () => {
  // CVE-2026-29057 is a row of both tables: see node-proxy-faults.http.test.ts.

  it('GHSA-ggv3-7p47-pfv8: Connection: Transfer-Encoding, upgrade with chunks does not desynchronise', async () => {
    // The client names the framing field as hop-by-hop and asks to upgrade. A proxy that strips
    // Transfer-Encoding, or takes the chunks for the upgraded protocol, sends a body that the upstream reads
    // as a request of its own.
    const { client, legacy } = await expose({
      legacy: (socket, all) => {
        if (all.endsWith('0\r\n\r\n') || all.endsWith('/next HTTP/1.1\r\n\r\n')) socket.write(OK);
      },
    });
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
    const { until } = await client(
      'POST /outer HTTP/1.1\r\nHost: h\r\nConnection: Transfer-Encoding, upgrade\r\nUpgrade: websocket\r\n' +
        `Transfer-Encoding: chunked\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
    );
    await until(endsWith('ok'));
    expect(legacy.received[0]).toMatch(/^Transfer-Encoding: chunked\r$/m);
    expect(legacy.received[0]).not.toMatch(/^Upgrade:/im);
    expect(legacy.received[0]).toContain(`${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`);
    expect(legacy.received).toHaveLength(1);
  });

  it('GHSA-2q7r-29rg-6m5h: /ho/%2E%2E/hi cannot leave its prefix', async () => {
    // Encoded dots are compared with a prefix as they are, and resolved by the upstream afterwards: the
    // request is routed as one below /ho and served as /hi. Brackets, as in [...slug], are no dots and stay
    // allowed.
    const { exchange, candidate, legacy } = await expose({
      routes: [{ id: 'ho', methods: ['GET'], path: '/ho/*' }],
      legacy: okWhenHeadEnds,
      candidate: okWhenHeadEnds,
    });
    for (const climbing of ['/ho/%2E%2E/hi', '/ho/../hi', '/ho/%2e./hi', '/ho/x/..%2F..%2Fhi']) {
      await exchange(`GET ${climbing} HTTP/1.1\r\nHost: h\r\n\r\n`, includes('\r\n\r\n'));
    }
    expect(candidate.received.join('')).toBe('');
    await exchange('GET /ho/[...slug] HTTP/1.1\r\nHost: h\r\n\r\n', endsWith('ok'));
    expect(candidate.received.join('')).toContain('GET /ho/[...slug] HTTP/1.1');
    expect(legacy.received.join('')).not.toContain('[...slug]');
  });

  it('reply-from: Connection: X-Forwarded-For cannot take our X-Forwarded-For away', async () => {
    // Fields named in Connection are removed; done after the proxy has added its own, the client decides that
    // its address is not sent. So the client's tokens are honoured first.
    const { exchange, legacy } = await expose({ legacy: okWhenHeadEnds });
    await exchange(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: x-forwarded-for, x-request-id, via, host\r\n\r\n',
      endsWith('ok'),
    );
    expect(legacy.received[0]).toContain('X-Forwarded-For: 127.0.0.1\r\n');
    expect(legacy.received[0]).toMatch(/^x-request-id: .+\r$/m);
    expect(legacy.received[0]).toMatch(/^Via: 1\.1 ficus\r$/m);
    expect(legacy.received[0]).toMatch(/^Host: h\r$/m);
  });

  it('GHSA-v2v2-hph8-q5xp: a strange Content-Type leaves the body untouched', async () => {
    // `application/json ; charset` slips past a check that compares the whole value, while the upstream
    // parses it as JSON. A proxy that never looks into bodies has nothing to slip past.
    const { exchange, legacy } = await expose({
      legacy: (socket, all) => {
        if (all.endsWith('{"a":1,"a":2}')) socket.write(OK);
      },
    });
    const body = '{"a":1,"a":2}';
    await exchange(
      `POST / HTTP/1.1\r\nHost: h\r\ncontent-type: application/json ; charset\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      endsWith('ok'),
    );
    expect(legacy.received[0]).toContain('content-type: application/json ; charset\r\n');
    expect(legacy.received[0]!.endsWith(`\r\n\r\n${body}`)).toBe(true);
  });

  it('CVE-2026-55602: a Host that only contains the right one does not match', async () => {
    // A host condition compared without anchors takes evillocalhost:3000 for localhost:3000. Routes, and with
    // them sides and guards, are then the attacker's choice.
    const { exchange, candidate, legacy } = await expose({
      routes: [{ id: 'r', methods: ['GET'], host: 'localhost', path: '/r' }],
      legacy: okWhenHeadEnds,
      candidate: okWhenHeadEnds,
    });
    for (const host of ['evillocalhost:3000', 'localhost.evil.com', 'localhostx', 'xlocalhost']) {
      await exchange(`GET /r HTTP/1.1\r\nHost: ${host}\r\n\r\n`, endsWith('ok'));
    }
    expect(candidate.received.join('')).toBe('');
    expect(legacy.received.join('')).toContain('evillocalhost:3000');
    await exchange('GET /r HTTP/1.1\r\nHost: LOCALHOST:3000\r\n\r\n', endsWith('ok'));
    expect(candidate.received.join('')).toContain('LOCALHOST:3000');
  });

  it('GHSA-c4j6-fc7j-m34r: an upgrade is routed like any request, and never to where its target says', async () => {
    // WebSocket handlers that parse the target on their own let an absolute URL choose the host: the proxy
    // becomes a way into the network behind it. Here an upgrade takes the same steps as every other request.
    const speaks: ExposedOptions['legacy'] = (socket, all) => {
      if (all.endsWith('\r\n\r\n')) {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
        );
      } else if (all.endsWith('ping')) socket.write('pong');
    };
    const { client, candidate, legacy } = await expose({ legacy: speaks, candidate: speaks });
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const routed = await client(`GET /api/notes HTTP/1.1\r\nHost: h\r\n${upgrade}`);
    await routed.until(endsWith('hello'));
    routed.socket.write('ping');
    expect(await routed.until(endsWith('pong'))).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(candidate.received[0]).toMatch(/^GET \/api\/notes HTTP\/1\.1\r\nHost: h\r\n/);
    const aimed = await client(`GET http://169.254.169.254/latest HTTP/1.1\r\nHost: h\r\n${upgrade}`);
    await aimed.until(endsWith('hello'));
    expect(legacy.received[0]).toMatch(/^GET \/latest HTTP\/1\.1\r\nHost: 169\.254\.169\.254\r\n/);
    expect(legacy.received).toHaveLength(1);
  });

  it('CVE-2026-33808: //admin, ;parameters and encoded slashes take one and the same route', async () => {
    // A guard that sees //admin as another path than the router does is a guard that is walked around. Every
    // spelling either has the canonical path of its route, or none.
    const { exchange, candidate, legacy } = await expose({
      routes: [{ id: 'admin', methods: ['GET'], path: '/admin' }],
      legacy: okWhenHeadEnds,
      candidate: okWhenHeadEnds,
    });
    const same = ['/admin', '//admin', '/./admin', '/admin;v=1', '/%61dmin', '/x/../admin', '///admin'];
    for (const target of same) {
      await exchange(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`, endsWith('ok'));
      expect(candidate.received.join('')).toContain(`GET ${target} HTTP/1.1`);
    }
    await exchange('GET /x%2Fadmin HTTP/1.1\r\nHost: h\r\n\r\n', endsWith('ok'));
    expect(legacy.received.join('')).toContain('GET /x%2Fadmin HTTP/1.1');
  });

  it('CVE-2026-3635: X-Forwarded-* from a peer that is not trusted are replaced', async () => {
    // A client that may write X-Forwarded-For chooses the address that limits, logs and access lists see.
    // Only peers on the list of trusted proxies are trusted; from all others the fields are replaced.
    const spoofed =
      'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n' +
      'Forwarded: for=6.6.6.6\r\n\r\n';
    const { exchange, legacy } = await expose({ legacy: okWhenHeadEnds });
    await exchange(spoofed, endsWith('ok'));
    expect(legacy.received[0]).not.toMatch(/6\.6\.6\.6|evil|https/);
    expect(legacy.received[0]).toContain('X-Forwarded-For: 127.0.0.1\r\n');
    await proxy!.close();
    const believing = await expose({ legacy: okWhenHeadEnds, proxy: { trustedProxies: ['127.0.0.0/8'] } });
    await believing.exchange(spoofed, endsWith('ok'));
    expect(believing.legacy.received[0]).toContain('X-Forwarded-For: 6.6.6.6, 127.0.0.1\r\n');
  });

  it('CVE-2026-1525: two Content-Length in different case are refused', async () => {
    // Two lengths, two ends of the request: proxy and upstream each take another one, and the difference is a
    // request that only one of them has seen.
    const { exchange, legacy } = await expose();
    const answers = [
      await exchange('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\ncontent-length: 4\r\n\r\nbody'),
      await exchange('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nCONTENT-LENGTH: 40\r\n\r\nbody'),
      await exchange(
        'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
    ];
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(legacy.received.join('')).toBe('');
  });

  it('Node CVE-2024-27982 and CVE-2023-30589: a space before the colon and a bare CR are refused', async () => {
    // A parser that forgives them sees a Content-Length that the next one does not see, or the end of a field
    // where the next one reads on. What is not exactly HTTP/1.1 goes nowhere.
    const { exchange, legacy } = await expose();
    const malformed = [
      'GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\nhello',
      'GET / HTTP/1.1\r\nHost: h\r\nX-A: b\rX-C: d\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\n X-Folded: b\r\n\r\n',
      'GET / HTTP/1.1\nHost: h\n\n',
      'GET / HTTP/1.1\r\nHost: h\r\nX-\0: b\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    ];
    for (const bytes of malformed)
      expect(await exchange(bytes), JSON.stringify(bytes)).toMatch(/^HTTP\/1\.1 400 /);
    expect(legacy.received.join('')).toBe('');
    await expect.poll(() => proxy!.metrics(), PATIENT).toMatch(/ficus_refused_total\{/);
    expect(proxy!.logs.some((line) => line.level === 40 || line.reason !== undefined)).toBe(true);
  });

  it('ws CVE-2024-37890: an upgrade with 2,000 fields is refused without a crash', async () => {
    // Node drops fields past its limit, the Upgrade field among them; code that relies on its being there
    // throws in the middle of an event, and the process is gone.
    const { exchange, legacy } = await expose();
    const fields = Array.from({ length: 2000 }, (_, index) => `x${index}: y\r\n`).join('');
    const answer = await exchange(
      `GET /ws HTTP/1.1\r\nHost: h\r\n${fields}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(legacy.received.join('')).toBe('');
    expect(await exchange('GET / HTTP/1.1\r\nHost: h\r\n\r\n', endsWith('legacy'))).toContain('200 OK');
  });

  it('HTTP/2 rapid reset and CONTINUATION flood: HTTP/2 is not spoken, the connection is closed, others are served', async () => {
    // Streams opened and reset at once, or header frames without end, cost a server work and memory and the
    // client nothing. This proxy does not speak HTTP/2 to clients: the preface is the end of the connection.
    const { exchange, client } = await expose();
    const frame = '\0\0\x04\x01\x04\0\0\0\x01\x82\x84\x86\x41';
    const attacker = await client(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frame.repeat(2000)}`);
    const served = exchange('GET / HTTP/1.1\r\nHost: h\r\n\r\n', endsWith('legacy'));
    await attacker.untilEnd();
    expect(attacker.text).not.toContain('200 OK');
    expect(await served).toContain('200 OK');
  });

  it('duplicate Host fields are refused', async () => {
    // Node keeps the first and drops the second silently; an upstream that keeps the last then serves another
    // site than the one the request was routed for.
    const { exchange, legacy } = await expose({ legacy: answering('legacy') });
    expect(await exchange('GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await exchange('GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(legacy.received.join('')).toBe('');
  });
});
