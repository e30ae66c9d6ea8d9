/**
 * Request and response heads through the forwarder: what is passed on, what stays with its hop, what a caller may
 * change.
 */
import { describe, expect, it } from 'vitest';
import { RemovedFields } from '../../../proxy/accept/removed-fields.ts';
import { ends, forwardRig, OK, requestEnds } from './rig.ts';

const { client, forwarderTo, upstreamAnswering } = forwardRig();

describe('heads', () => {
  it('are passed on in order and case, with duplicates and __proto__, without hop-by-hop fields', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    const { port } = await forwarderTo(upstream.url);
    const { until } = await client(
      port,
      'GET //a/%2e%2E/b;c=1?x=%20&y HTTP/1.1\r\nhOsT: example.com\r\nX-Dup: 1\r\nx-dup: 2\r\n__proto__: p\r\n' +
        'Connection: X-Secret, keep-alive\r\nX-Secret: s\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n' +
        'Proxy-Authorization: Basic x\r\nTE: trailers\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n',
    );
    await until(ends('ok'));
    expect(upstream.received[0]).toBe(
      'GET //a/%2e%2E/b;c=1?x=%20&y HTTP/1.1\r\nhOsT: example.com\r\nX-Dup: 1\r\nx-dup: 2\r\n__proto__: p\r\n' +
        'Cookie: a=1\r\nCookie: b=2\r\nVia: 1.1 ficus\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
    );
  });

  it('of the response are passed on in order and case, without hop-by-hop fields', async () => {
    const upstream = await upstreamAnswering((all) =>
      requestEnds(all)
        ? 'HTTP/1.1 299 Fine, é\r\nset-Cookie: a\r\nSet-Cookie: b\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n' +
          'Keep-Alive: timeout=9\r\nDate: D\r\n__proto__: p\r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok'
        : undefined,
    );
    const { port } = await forwarderTo(upstream.url);
    const { until } = await client(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await until(ends('ok'))).toBe(
      'HTTP/1.1 299 Fine, é\r\nset-Cookie: a\r\nSet-Cookie: b\r\nDate: D\r\n__proto__: p\r\nX-Empty: \r\n' +
        'Content-Length: 2\r\n\r\nok',
    );
  });

  it('get the caller’s fields after the client’s Connection was applied', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    const { port } = await forwarderTo(upstream.url, {
      amend: () => ({
        target: '/other?z',
        setHeaders: ['X-Forwarded-For', '10.0.0.1'],
        removeHeaders: new RemovedFields(['x-ficus-force'], { keepsForwarded: true }),
        responseHeaders: ['x-ficus-side', 'legacy'],
      }),
    });
    const { until } = await client(
      port,
      'GET /one HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX-Ficus-Force: candidate\r\nConnection: x-forwarded-for\r\n\r\n',
    );
    expect(await until(ends('ok'))).toContain('x-ficus-side: legacy\r\n');
    expect(upstream.received[0]).toBe(
      'GET /other?z HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\nVia: 1.1 ficus\r\n\r\n',
    );
  });

  it('with an absolute-form target name the target’s authority, not the Host field’s', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    const { port } = await forwarderTo(upstream.url);
    const { until } = await client(port, 'GET http://right.example:81/p?q HTTP/1.1\r\nHost: wrong\r\n\r\n');
    await until(ends('ok'));
    expect(upstream.received[0]).toMatch(/^GET \/p\?q HTTP\/1\.1\r\nHost: right\.example:81\r\n/);
  });

  it('get the upstream’s base path in front of the target', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    const { port } = await forwarderTo(`${upstream.url}/shop/`);
    const { until } = await client(port, 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n');
    await until(ends('ok'));
    expect(upstream.received[0]).toMatch(/^GET \/shop\/a HTTP/);
  });

  it('can be seen, changed and refused by the caller before the client gets a byte', async () => {
    const upstream = await upstreamAnswering((all) => (requestEnds(all) ? OK : undefined));
    let calls = 0;
    const forwarder = await forwarderTo(upstream.url, {
      amend: () => ({
        onResponseHead: (head) => {
          calls += 1;
          if (calls === 2) return 'discard';
          head.headers = ['Location', 'http://proxy/', 'Content-Length', '2'];
          head.status = 201;
          head.reason = 'Made';
          return 'forward';
        },
      }),
    });
    const one = await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await one.until(ends('ok'))).toMatch(
      /^HTTP\/1\.1 201 Made\r\nLocation: http:\/\/proxy\/\r\nContent-Length: 2\r\n\r\nok$/,
    );
    await client(forwarder.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const outcomes = await forwarder.outcomesReach(2);
    expect(outcomes[1]).toMatchObject({ kind: 'discarded', status: 200, responseStarted: false });
  });
});
