import { describe, expect, test } from 'vitest';
import { buildRequestHead, type HeadChanges, type HeadPurpose } from './request-head.ts';

const destination = { basePath: '', authority: 'legacy:3000' };

const get = (...rawHeaders: string[]) => ({ method: 'GET', url: '/a', rawHeaders, httpVersionMinor: 1 });

function lines(source: ReturnType<typeof get>, purpose: HeadPurpose, changes: HeadChanges = {}): string[] {
  return buildRequestHead(source, changes, destination, purpose).text.split('\r\n').slice(1, -2);
}

describe('what Connection names is not sent', () => {
  test.each([
    ['before the field', ['Connection', 'x-hop', 'X-Hop', '1']],
    ['behind the field', ['X-Hop', '1', 'Connection', 'close, X-HOP']],
    ['in two fields', ['X-Hop', '1', 'Connection', 'x-other', 'Connection', 'x-hop']],
  ])('%s', (_, fields) => {
    for (const purpose of ['forward', 'copy'] as const)
      expect(lines(get('Host', 'h', ...fields), purpose)).toEqual(['Host: h', 'Via: 1.1 ficus']);
  });

  test('except host, framing, and what the proxy sets', () => {
    const source = get('Connection', 'host, content-length, x-set', 'Host', 'h', 'Content-Length', '3');
    expect(lines(source, 'forward', { setHeaders: ['X-Set', 'ours'] })).toEqual([
      'Host: h',
      'Content-Length: 3',
      'X-Set: ours',
      'Via: 1.1 ficus',
    ]);
  });
});

describe('a copy', () => {
  const fields = ['Host', 'h', 'TE', 'trailers', 'Trailer', 'x', 'Expect', '100-continue', 'X-End', '1'];

  test('is sent like the live request, without the fields of a body', () => {
    const source = get(...fields, 'Content-Length', '0');
    expect(lines(source, 'copy')).toEqual(['Host: h', 'X-End: 1', 'Via: 1.1 ficus']);
    expect(lines(source, 'forward')).toContain('Expect: 100-continue');
  });
});

test('the sent fields are recorded, of the last attempt only', () => {
  const sentFields: string[] = ['old', 'attempt'];
  const changes = { setHeaders: ['x-request-id', '7'], sentFields };
  buildRequestHead(get('X-Hop', '1', 'Connection', 'x-hop', 'A', '1'), changes, destination, 'forward');
  expect(sentFields).toEqual(['A', '1', 'Host', 'legacy:3000', 'x-request-id', '7']);
});

test('an absolute-form target names the host', () => {
  const source = { ...get('Host', 'other', 'A', '1'), url: 'http://named:81/b?c' };
  const { text } = buildRequestHead(source, {}, { ...destination, basePath: '/base' }, 'forward');
  expect(text).toBe('GET /base/b?c HTTP/1.1\r\nHost: named:81\r\nA: 1\r\nVia: 1.1 ficus\r\n\r\n');
});

test.each(['/a', 'http://named:81/a'])('a Host that is set is the only one, for the target %s', (url) => {
  const source = { ...get('Host', 'other', 'A', '1'), url };
  const set = { setHeaders: ['host', 'inner'] };
  expect(lines(source, 'forward', set)).toEqual(['A: 1', 'host: inner', 'Via: 1.1 ficus']);
});

describe('a login on the connection', () => {
  const ntlm = get('Host', 'h', 'authorization', 'NTLM TlRMTVNTUAABAAAA');
  const logsIn = (source: typeof ntlm, changes: HeadChanges) =>
    buildRequestHead(source, changes, destination, 'forward').connectionLogin;

  test('is one that reaches the upstream', () => {
    expect(logsIn(ntlm, {})).toBe(true);
    expect(logsIn(get('Host', 'h', 'Authorization', 'Basic YTpi'), {})).toBe(false);
  });

  test.each<[string, typeof ntlm, HeadChanges]>([
    ['withheld', ntlm, { removeHeaders: new Set(['authorization']) }],
    ['replaced', ntlm, { setHeaders: ['Authorization', 'Basic b3duOjE='] }],
    ['named in Connection', get(...ntlm.rawHeaders, 'Connection', 'authorization'), {}],
  ])('is none where it is %s', (_, source, changes) => {
    expect(logsIn(source, changes)).toBe(false);
  });
});
