import { rewriteSchema } from '@ficus/core';
import { describe, expect, test } from 'vitest';
import { compileRewrite } from './route-rewrite.ts';

const upstream = { authority: 'candidate:3101', basePath: '/v2' };
const compile = (written: Record<string, unknown>, ignoreCase = false) =>
  compileRewrite(rewriteSchema.parse(written), upstream, ignoreCase);

describe('the path on the way out', () => {
  const swap = compile({ stripPrefix: '/api', addPrefix: '/internal' });
  test.each([
    ['/api/notes?a=%2F', '/api/notes', '/internal/notes?a=%2F'],
    ['/api', '/api', '/internal/'],
    ['/api/a%2fb//c', '/api/a%2Fb/c', '/internal/a%2fb//c'],
    // Spelled in another way: it goes out in canonical form, never with its prefix left on.
    ['/%61pi/notes?x', '/api/notes', '/internal/notes?x'],
    ['/x/../api/notes', '/api/notes', '/internal/notes'],
    ['/apish/notes', '/apish/notes', '/internal/apish/notes'],
  ])('%s', (target, canonical, out) => expect(swap.target(target, canonical)).toBe(out));

  test('a prefix that is taken off is sent, unless the config names another', () => {
    const told = (written: Record<string, unknown>) => compile(written).setRequestHeaders;
    expect(told({ stripPrefix: '/api/' })).toEqual(['X-Forwarded-Prefix', '/api']);
    expect(told({ addPrefix: '/v2' })).toEqual([]);
    const requestHeaders = { set: { 'x-forwarded-prefix': '/mine' } };
    expect(told({ stripPrefix: '/api', requestHeaders })).toEqual(['x-forwarded-prefix', '/mine']);
  });

  test('a prefix in another case is cut where the monolith ignores case, and nowhere else', () => {
    const written = { stripPrefix: '/Api', addPrefix: '/v2' };
    expect(compile(written, true).target('/aPI/Notes', '/aPI/Notes')).toBe('/v2/Notes');
    expect(compile(written).target('/aPI/Notes', '/aPI/Notes')).toBe('/v2/aPI/Notes');
  });

  test('without prefixes the path stays as it came', () => {
    expect(compile({}).target('/a//b', '/a/b')).toBeUndefined();
  });
});

describe('the answer on the way back', () => {
  const back = (written: Record<string, unknown>, ...headers: string[]) => {
    const head = { status: 200, reason: 'OK', headers };
    compile(written).response(head, { scheme: 'https', authority: 'shop.example', prefix: '' });
    return head.headers;
  };

  test.each([
    ['http://candidate:3101/v2/internal/notes/1?q', 'https://shop.example/api/notes/1?q'],
    ['//CANDIDATE:3101/v2/internal', 'https://shop.example/api/'],
    ['/v2/internal/notes', '/api/notes'],
    ['/v2/internal?page=2', '/api/?page=2'],
    ['http://candidate:3101/v2/internal#top', 'https://shop.example/api/#top'],
    ['/v2?page=2', '/api/?page=2'],
    ['/v2/internals?page=2', '/api/internals?page=2'],
    ['http://candidate:3101/v2/internal/:80', 'https://shop.example/api/:80'],
    // A candidate that knows its prefix.
    ['/api/notes/1', '/api/notes/1'],
    ['/api?page=2', '/api?page=2'],
    ['https://elsewhere.example/internal/x', 'https://elsewhere.example/internal/x'],
    ['http://candidate:3101.evil/internal', 'http://candidate:3101.evil/internal'],
    ['relative/path', 'relative/path'],
  ])('Location %s', (from, to) => {
    expect(back({ stripPrefix: '/api', addPrefix: '/internal' }, 'Location', from)).toEqual(['Location', to]);
  });

  describe('by a client whose scheme', () => {
    const namedAs = (host: string, scheme: 'http' | 'https' | undefined, location: string) => {
      const head = { status: 302, reason: 'Found', headers: ['Location', location] };
      const place = { authority: '10.0.0.5:8080', host, basePath: '' };
      const rewrite = compileRewrite(rewriteSchema.parse({}), place, false);
      rewrite.response(head, { scheme, authority: 'shop.example', prefix: '' });
      return head.headers[1];
    };

    test.each([
      ['is assumed', undefined],
      ['is http', 'http'],
      ['is https', 'https'],
    ] as const)('%s: a URL with the authority that it used stays as it is', (_, scheme) => {
      for (const url of [
        'https://shop.example/login',
        'https://Shop.example:443/login?next=%2F',
        'HTTPS://shop.example/',
        '//shop.example/any',
      ])
        expect(namedAs('shop.example', scheme, url)).toBe(url);
    });

    test.each([
      [undefined, 'http://shop.example/plain'],
      ['http', 'http://shop.example/plain'],
      ['https', 'https://shop.example/plain'],
    ] as const)('%s: http with that authority leads to %s', (scheme, shown) => {
      expect(namedAs('shop.example', scheme, 'http://shop.example/plain')).toBe(shown);
    });

    test.each([
      ['https://inner.example/login', undefined, '//shop.example/login'],
      ['HTTPS://inner.example/login', undefined, '//shop.example/login'],
      ['//inner.example/login', undefined, '//shop.example/login'],
      ['http://inner.example/login', undefined, 'http://shop.example/login'],
      ['https://10.0.0.5:8080/login', undefined, '//shop.example/login'],
      ['https://inner.example/login', 'https', 'https://shop.example/login'],
      ['http://inner.example/login', 'https', 'https://shop.example/login'],
      ['https://inner.example/login', 'http', 'http://shop.example/login'],
      ['//inner.example/login', 'http', 'http://shop.example/login'],
    ] as const)('leads from %s, being %s, to %s', (url, scheme, shown) => {
      expect(namedAs('inner.example', scheme, url)).toBe(shown);
    });
  });

  test.each([
    ['Link', '</v2/internal/notes?page=2>; rel="next"', '</api/notes?page=2>; rel="next"'],
    [
      'link',
      '<http://candidate:3101/v2/internal/a>; rel=prev, <https://cdn.example/b.css>; rel=preload',
      '<https://shop.example/api/a>; rel=prev, <https://cdn.example/b.css>; rel=preload',
    ],
    ['Refresh', '5; url=http://candidate:3101/v2/internal/a?b', '5; url=https://shop.example/api/a?b'],
    ['Refresh', "0;URL='/v2/internal/a'", "0;URL='/api/a'"],
    ['Refresh', '30', '30'],
  ])('%s %s', (name, from, to) => {
    expect(back({ stripPrefix: '/api', addPrefix: '/internal' }, name, from)).toEqual([name, to]);
  });

  test.each([
    ['Link', '<'.repeat(60_000)],
    ['Refresh', `0;url=${' '.repeat(60_000)}'x`],
    ['Refresh', ' '.repeat(60_000)],
    ['Location', `//${'a'.repeat(60_000)}`],
  ])('a hostile %s takes no time', (name, value) => {
    const began = process.cpuUsage().user;
    expect(back({ stripPrefix: '/api' }, name, value)).toEqual([name, value]);
    // Backtracking over these would take seconds of CPU.
    expect(process.cpuUsage().user - began).toBeLessThan(500_000);
  });

  test('stays unchanged when the config says so', () => {
    expect(back({ location: false }, 'Location', 'http://candidate:3101/x')[1]).toBe(
      'http://candidate:3101/x',
    );
  });

  test('cookies: domain and path are mapped, an empty domain is removed, the rest stays', () => {
    const written = { cookieDomain: { 'candidate.internal': '' }, cookiePath: { '/internal': '/api' } };
    const cookie = 'a=b=c; Domain=.candidate.internal; Path=/internal; HttpOnly; SameSite=Lax';
    expect(back(written, 'Set-Cookie', cookie, 'set-cookie', 'x=1; Path=/else')).toEqual([
      'Set-Cookie',
      'a=b=c; Path=/api; HttpOnly; SameSite=Lax',
      'set-cookie',
      'x=1; Path=/else',
    ]);
  });

  test('fields are removed, and set ones replace what the candidate sent', () => {
    const written = { responseHeaders: { set: { 'x-frame-options': 'DENY' }, remove: ['server'] } };
    expect(back(written, 'Server', 'x', 'X-Frame-Options', 'ALLOW', 'Content-Type', 'text/plain')).toEqual([
      'Content-Type',
      'text/plain',
      'x-frame-options',
      'DENY',
    ]);
  });
});
