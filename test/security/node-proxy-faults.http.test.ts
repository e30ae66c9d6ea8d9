/**
 * Each row of the first table of faults: what other proxies in Node get wrong, here through a whole proxy.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { PATIENT } from '../integration/forward/forwarder-rig.ts';
import { type Exposed, type ExposedOptions, endsWith, exposeProxy, includes, OK } from './exposed-proxy.ts';

let proxy: Exposed | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

async function expose(options: ExposedOptions): Promise<Exposed> {
  proxy = await exposeProxy(options);
  return proxy;
}

const whenComplete =
  (end: string, answer: string): ExposedOptions['legacy'] =>
  (socket, all) => {
    if (all.endsWith(end)) socket.write(Buffer.from(answer, 'latin1'));
  };

describe('faults of proxies in Node', () => {
  it('CVE-2026-29057: a chunked DELETE stays chunked', async () => {
    // A proxy that drops Transfer-Encoding for methods that "have no body" writes the chunks behind a request
    // that ends with its head. The upstream then reads the body as a second request, one that no guard has
    // ever seen.
    const { exchange, legacy } = await expose({ legacy: whenComplete('0\r\n\r\n', OK) });
    const smuggled = 'GET /secret HTTP/1.1\r\nHost: h\r\n\r\n';
    for (const method of ['DELETE', 'OPTIONS', 'GET']) {
      const body = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
      const head = `${method} /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`;
      await exchange(head + body, endsWith('ok'));
      const received = legacy.received.join('');
      const [, after] = received.slice(received.lastIndexOf(`${method} /open`)).split(/\r\n\r\n(.*)/s);
      expect(after).toBe(body);
      expect(received).toMatch(
        new RegExp(`${method} /open HTTP/1\\.1\\r\\n(?:.+\\r\\n)*Transfer-Encoding: chunked`),
      );
    }
  });

  it('headers named in Connection are not passed on, in either direction', async () => {
    // Fields named in Connection are for the next hop alone; one that is passed on lets a client speak to the
    // upstream in the proxy's name, or learn what the upstream meant only for the proxy.
    const { exchange, legacy } = await expose({
      legacy: whenComplete(
        '\r\n\r\n',
        'HTTP/1.1 200 OK\r\nConnection: X-Back\r\nX-Back: 1\r\nContent-Length: 2\r\n\r\nok',
      ),
    });
    const answer = await exchange(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: X-There, keep-alive\r\nX-There: 1\r\nx-there: 2\r\n\r\n',
      endsWith('ok'),
    );
    expect(legacy.received[0]).not.toMatch(/x-there/i);
    expect(answer).not.toMatch(/x-back/i);
  });

  it('Keep-Alive, TE, Proxy-Authorization and Proxy-Connection stay with their hop', async () => {
    // These speak about one connection; the next one has an owner of its own. Proxy credentials passed on are
    // credentials given away.
    const { exchange, legacy } = await expose({
      legacy: whenComplete(
        '\r\n\r\n',
        'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok',
      ),
    });
    const answer = await exchange(
      'GET / HTTP/1.1\r\nHost: h\r\nKeep-Alive: 300\r\nTE: gzip\r\nProxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\n\r\n',
      endsWith('ok'),
    );
    expect(legacy.received[0]).not.toMatch(/keep-alive|^te:|proxy-/im);
    expect(answer).not.toMatch(/keep-alive|proxy-auth/i);
  });

  it('trailers go both ways, and so does 103 Early Hints', async () => {
    // A checksum or a gRPC status in a trailer is part of the message; early hints are worth only what
    // arrives early. A proxy that drops them breaks both silently.
    const { client, legacy } = await expose({
      legacy: (socket, all) => {
        if (!all.endsWith('X-Sum: 1\r\n\r\n')) return;
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n');
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Back: 2\r\n\r\n');
      },
    });
    const { until } = await client(
      'POST / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    const answer = await until(endsWith('X-Back: 2\r\n\r\n'));
    expect(
      answer.startsWith('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200'),
    ).toBe(true);
    expect(legacy.received[0]).toContain('0\r\nX-Sum: 1\r\n\r\n');
    expect(legacy.received[0]).toMatch(/^TE: trailers\r$/m);
  });

  it('Expect: 100-continue is answered by the upstream, never by the proxy', async () => {
    // A client that asks first does so to be spared an upload. A proxy that answers in the upstream's place
    // makes it send everything, only to hear 401 afterwards.
    const { client, legacy } = await expose({
      legacy: (socket, all) => {
        if (/^POST \/no/.test(all)) socket.write('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno');
        else if (all.endsWith('body')) socket.write(OK);
        else if (all.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      },
    });
    const refused = await client(
      'POST /no HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    );
    expect(await refused.untilEnd()).toMatch(/^HTTP\/1\.1 401 No\r\n/);
    expect(legacy.received[0]).toMatch(/^Expect: 100-continue\r$/m);
    const accepted = await client(
      'POST /yes HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    );
    await accepted.until(includes('100 Continue'));
    expect(legacy.received.join('')).not.toContain('body');
    accepted.socket.write('body');
    expect(await accepted.until(endsWith('ok'))).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });

  it('an absolute-form target decides over the Host field', async () => {
    // RFC 9112 makes the target's authority the host and has the Host field ignored. Where proxy and upstream
    // take a different one of the two, a request is guarded as one site's and served as another's.
    const { exchange, legacy } = await expose({ legacy: whenComplete('\r\n\r\n', OK) });
    await exchange('GET http://right.example/p HTTP/1.1\r\nHost: wrong.example\r\n\r\n', endsWith('ok'));
    expect(legacy.received[0]).toMatch(/^GET \/p HTTP\/1\.1\r\nHost: right\.example\r\n/);
    expect(legacy.received[0]).not.toContain('wrong.example\r\nV');
  });

  it('//evil.com/x stays the path //evil.com/x', async () => {
    // A path that begins with two slashes looks like a URL without a scheme. A proxy that parses it as one
    // asks another host; one that collapses it changes what was signed, cached or guarded.
    const { exchange, legacy } = await expose({ legacy: whenComplete('\r\n\r\n', OK) });
    await exchange('GET //evil.com/x HTTP/1.1\r\nHost: h\r\n\r\n', endsWith('ok'));
    expect(legacy.received[0]).toMatch(/^GET \/\/evil\.com\/x HTTP\/1\.1\r\nHost: h\r\n/);
  });

  it('a truncated upstream body is never made to look complete', async () => {
    // An upstream that dies half way leaves a body that is shorter than announced. A proxy that ends the
    // response in order, or leaves it open, has the client store half a file, or wait forever.
    const halves = {
      '/cl': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
      '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf',
      '/between': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    };
    const { exchange } = await expose({
      legacy: (socket, all) => {
        const path = all.split(' ')[1] as keyof typeof halves;
        socket.end(halves[path]);
      },
    });
    for (const path of Object.keys(halves)) {
      const answer = await exchange(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      expect(answer).toContain('half');
      expect(answer).not.toContain('0\r\n\r\n');
    }
  });

  it('a client that disconnects cancels its upstream request', async () => {
    // An upstream that continues to work for a client that has left wastes that work. Repeated on purpose it
    // is an attack that costs the attacker one connection each.
    const { client, legacy } = await expose({ legacy: () => {} });
    const leaving = await client('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
    await expect.poll(() => legacy.sockets.size, PATIENT).toBe(1);
    await expect.poll(() => legacy.received[0], PATIENT).toContain('/slow');
    leaving.socket.resetAndDestroy();
    await expect.poll(() => legacy.sockets.size, PATIENT).toBe(0);
  });

  it('a WebSocket client that resets during the handshake leaves nothing behind', async () => {
    // Between the upgrade request and its answer many proxies do not listen for errors on the client's
    // socket: a reset there ends the process. In others the upstream's connection stays open forever.
    const { client, exchange, legacy } = await expose({
      legacy: (socket, all) => {
        if (all.startsWith('GET /ok')) socket.write(OK);
      },
    });
    for (let round = 0; round < 3; round += 1) {
      const resetting = await client(
        'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
      );
      await expect.poll(() => legacy.received[round] ?? '', PATIENT).toContain('Upgrade: websocket');
      resetting.socket.resetAndDestroy();
      await expect.poll(() => legacy.sockets.size, PATIENT).toBe(0);
    }
    expect(await exchange('GET /ok HTTP/1.1\r\nHost: h\r\n\r\n', endsWith('ok'))).toContain('200 OK');
  });

  it('duplicate request fields, their order and their case arrive as they were sent', async () => {
    // Merging loses what was meant as two, and the order in which X-Forwarded-For or Via were written;
    // signatures over fields break. Node's own `headers` merges and lowers, so a proxy that forwards those
    // has lost it already.
    const { exchange, legacy } = await expose({ legacy: whenComplete('\r\n\r\n', OK) });
    const fields = 'X-B: 2\r\nx-a: 1\r\nX-A: 3\r\nCookie: a=1\r\ncookie: b=2\r\nAccept: x\r\nACCEPT: y\r\n';
    await exchange(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`, endsWith('ok'));
    expect(legacy.received[0]).toContain(`Host: h\r\n${fields}`);
  });

  it('a field named __proto__ is passed on', async () => {
    // Header names become keys of plain objects in most proxies. There this one vanishes, or worse, becomes
    // the prototype of an object that is used later.
    const { exchange, legacy } = await expose({ legacy: whenComplete('\r\n\r\n', OK) });
    await exchange('GET / HTTP/1.1\r\nHost: h\r\n__proto__: x\r\nconstructor: y\r\n\r\n', endsWith('ok'));
    expect(legacy.received[0]).toContain('__proto__: x\r\nconstructor: y\r\n');
  });
});
