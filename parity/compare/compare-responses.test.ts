import { gzipSync } from 'node:zlib';
import type { IgnoreRule, ObservedResponse, Verdict } from '@ficus/core';
import { describe, expect, it } from 'vitest';
import { KeptValues } from '../redact/kept-values.ts';
import { prepareRules } from '../rules/ignore-rules.ts';
import { compareResponses } from './compare-responses.ts';

type Headers = readonly (readonly [string, string])[];

const answer = (body: string | Uint8Array, headers: Headers = [], status = 200): ObservedResponse => ({
  status,
  headers: [['content-type', 'application/json'], ...headers],
  body: typeof body === 'string' ? Buffer.from(body) : body,
  truncated: false,
  durationMs: 1,
});
const failed = (reason: string): ObservedResponse => ({ failed: reason, durationMs: 1 });
const pathsOf = (verdict: Verdict) =>
  'differences' in verdict ? verdict.differences.map((d) => d.path) : [];
const rules = (...list: IgnoreRule[]) => prepareRules(list, 'list', '2026-11-20');

describe('bodies of JSON', () => {
  it('names the place and both values', () => {
    const verdict = compareResponses(
      answer('{"items":[{"id":1,"read":true}]}'),
      answer('{"items":[{"id":1,"read":false}]}'),
    );
    expect(verdict).toEqual({
      kind: 'mismatch',
      differences: [{ path: '$.items[0].read', legacy: 'true', candidate: 'false' }],
    });
  });

  it('ignores the order of members', () => {
    expect(compareResponses(answer('{"a":1,"b":2}'), answer('{"b":2, "a":1}')).kind).toBe('match');
  });

  it.each(['1', '1.'])('compares documents with texts of millions of “%s”', (unit) => {
    const text = (end: string) => `{"note":" ${unit.repeat(2_000_000 / unit.length)}${end}"}`;
    expect(pathsOf(compareResponses(answer(text('x')), answer(text('y'))))).toEqual(['$.note']);
  });

  it('compares the bytes of what is not UTF-8', () => {
    const latin1 = (name: string) => answer(Buffer.from(`{"name":"${name}"}`, 'latin1'));
    expect(compareResponses(latin1('René'), latin1('Renè')).kind).toBe('mismatch');
    expect(compareResponses(latin1('René'), latin1('René')).kind).toBe('match');
  });

  it('compares numbers as written', () => {
    const verdict = compareResponses(
      answer('{"id":10000000000000001,"price":1.10}'),
      answer('{"id":10000000000000000,"price":1.1}'),
      { kept: new KeptValues(() => true) },
    );
    expect(verdict).toMatchObject({
      differences: [
        { path: '$.id', legacy: '10000000000000001', candidate: '10000000000000000' },
        { path: '$.price', legacy: '1.10', candidate: '1.1' },
      ],
    });
  });

  it.each([
    ['1.0', '1'],
    ['-0', '0'],
    ['1e2', '100'],
    ['0.1', '0.10'],
    ['9007199254740993', '9007199254740992'],
    ['0.1234567890123456789', '0.1234567890123456788'],
    ['0.0000001', '1e-7'],
    ['-1.50', '-1.5'],
    ['123456789012345678901', '123456789012345678900'],
  ])('distinguishes %s from %s anywhere in a document', (one, other) => {
    for (const at of [
      '#',
      '[#]',
      '{"a":#}',
      '{"a":[1, # ,2]}',
      '{"a":"x", "b": #\n}',
      '{"a":"1.5","b":[[#]]}',
    ]) {
      const [left, right] = [at.replace('#', one), at.replace('#', other)];
      expect(compareResponses(answer(left), answer(right)).kind, left).toBe('mismatch');
      expect(compareResponses(answer(left), answer(`${left} `)).kind, left).toBe('match');
    }
  });

  it('distinguishes absent from null, and a number from its text', () => {
    expect(pathsOf(compareResponses(answer('{"a":null,"b":1}'), answer('{"b":"1"}')))).toEqual([
      '$.a',
      '$.b',
    ]);
  });

  it('keeps a bounded number of differences', () => {
    const items = (value: number) => JSON.stringify(Array.from({ length: 500 }, () => value));
    expect(pathsOf(compareResponses(answer(items(1)), answer(items(2))))).toHaveLength(25);
  });

  it('finds the one real difference among any number of explained ones', () => {
    const items = (value: number, last: string) =>
      JSON.stringify([...Array.from({ length: 500 }, () => ({ at: value })), { last }]);
    const verdict = compareResponses(answer(items(1, 'a')), answer(items(2, 'b')), {
      rules: rules({ path: '$[*].at', reason: 'clock' }),
    });
    expect(pathsOf(verdict)).toEqual(['$[500].last']);
  });

  it('shows long texts around their first difference', () => {
    const text = (end: string) => JSON.stringify({ a: `${'x'.repeat(5000)}${end}` });
    const kept = new KeptValues(() => true);
    const verdict = compareResponses(answer(text('left')), answer(text('right')), { kept });
    expect(verdict.kind === 'mismatch' && verdict.differences[0]?.legacy).toMatch(/^"…x+left"$/);
  });

  it('shows a page’s structure around the first difference, and none of its words', () => {
    const page = (value: string) => ({
      ...(answer('') as Extract<ObservedResponse, { status: number }>),
      headers: [['content-type', 'text/html']] as const,
      body: Buffer.from(`<li>${'y'.repeat(300)}</li><li title="SECRET">SECRET ${value}</li>`),
    });
    const verdict = compareResponses(page('early'), page('late'));
    expect(verdict).toMatchObject({
      differences: [
        {
          path: 'body',
          legacy: expect.stringMatching(/^‹…[a-z]*<\/li><li title="[A-Z]{6}">[A-Z]{6} [a-z]{5}<\/li>›$/),
          candidate: expect.stringMatching(/<li title="[A-Z]{6}">[A-Z]{6} [a-z]{4}<\/li>›$/),
        },
      ],
    });
    expect(JSON.stringify(verdict)).not.toContain('SECRET');
  });

  it('proves nothing where documents are nested too deep', () => {
    const deep = (leaf: string) => `${'['.repeat(50_000)}${leaf}${']'.repeat(50_000)}`;
    const verdict = compareResponses(answer(deep('1')), answer(deep(' 1')));
    expect(verdict).toMatchObject({ kind: 'inconclusive', reason: expect.stringContaining('too deep') });
    expect(compareResponses(answer(deep('1')), answer(deep('1'))).kind).toBe('match');
  });
});

describe('other bodies', () => {
  it('compares decompressed bodies', () => {
    const packed = answer(gzipSync('{"a":1}'), [['content-encoding', 'gzip']]);
    expect(compareResponses(packed, answer('{"a":1}')).kind).toBe('match');
    expect(pathsOf(compareResponses(packed, answer('{"a":2}')))).toEqual(['$.a']);
  });

  it('does not decompress a bomb', () => {
    const bomb = answer(gzipSync(Buffer.alloc(64 * 1024 * 1024)), [['content-encoding', 'gzip']]);
    expect(compareResponses(bomb, answer('1'))).toEqual({
      kind: 'inconclusive',
      reason: 'the legacy’s body could not be decompressed',
    });
  });

  it('never calls half a body a match', () => {
    const half: ObservedResponse = { ...answer('{"a":'), truncated: true } as ObservedResponse;
    expect(compareResponses(half, half)).toMatchObject({ kind: 'inconclusive' });
  });
});

describe('failures', () => {
  it.each<[string, ObservedResponse, ObservedResponse, Verdict['kind']]>([
    ['the candidate failed', answer('1'), failed('timeout'), 'mismatch'],
    ['the candidate answered 500', answer('1'), answer('1', [], 500), 'mismatch'],
    ['the legacy failed', failed('timeout'), answer('1'), 'inconclusive'],
    ['the legacy answered 500', answer('1', [], 500), answer('1'), 'inconclusive'],
    ['both failed', answer('1', [], 500), failed('reset'), 'inconclusive'],
    ['one side knew the client’s validator', answer('', [], 304), answer('1'), 'inconclusive'],
    ['both have no such thing', answer('{}', [], 404), answer('{}', [], 404), 'match'],
    ['both forbid it', answer('{}', [], 403), answer('{}', [], 403), 'match'],
    ['both want a login', answer('{}', [], 401), answer('{}', [], 401), 'inconclusive'],
    ['both want a login, in other words', answer('{}', [], 401), answer('[]', [], 401), 'mismatch'],
    ['both have too many requests', answer('{}', [], 429), answer('{}', [], 429), 'inconclusive'],
    ['one wants a login', answer('{}', [], 200), answer('{}', [], 401), 'mismatch'],
  ])('%s', (_, legacy, candidate, kind) => {
    expect(compareResponses(legacy, candidate).kind).toBe(kind);
  });
});

describe('headers', () => {
  it.each<[string, Headers, Headers, string[]]>([
    ['the order of a list', [['vary', 'Accept, Origin']], [['vary', 'origin,accept']], []],
    [
      'the elements of a list',
      [['cache-control', 'no-store']],
      [['cache-control', 'max-age=5']],
      ['header.cache-control'],
    ],
    ['a validator’s value', [['etag', '"a"']], [['etag', 'W/"b"']], []],
    ['a missing validator', [['etag', '"a"']], [], ['header.etag']],
    [
      'headers that do not describe behaviour',
      [
        ['date', 'now'],
        ['server', 'a'],
      ],
      [['x-powered-by', 'b']],
      [],
    ],
    ['a header of one’s own', [['x-total', '5']], [['x-total', '6']], ['header.x-total']],
    ['a cookie’s value', [['set-cookie', 'sid=a; Path=/']], [['set-cookie', 'sid=b; path=/']], []],
    [
      'a cookie’s attributes',
      [['set-cookie', 'sid=a; HttpOnly']],
      [['set-cookie', 'sid=b']],
      ['header.set-cookie.sid'],
    ],
    ['a cookie that is taken away', [['set-cookie', 'sid=; Max-Age=0']], [], ['header.set-cookie.sid']],
    ['each side’s own origin', [['location', 'http://old:3000/a?b']], [['location', '/a?b']], []],
    ['another place', [['location', '/a']], [['location', '/b']], ['header.location']],
  ])('%s', (_, legacy, candidate, expected) => {
    const origins = { legacy: ['http://old:3000'], candidate: ['http://new:3000'] };
    expect(pathsOf(compareResponses(answer('1', legacy), answer('1', candidate), { origins }))).toEqual(
      expected,
    );
  });

  it('reads media types as media types', () => {
    const typed = (type: string): ObservedResponse => ({
      ...(answer('<p>') as Extract<ObservedResponse, { status: number }>),
      headers: [['content-type', type]],
    });
    expect(compareResponses(typed('text/html; charset="UTF-8"'), typed('Text/HTML;charset=utf-8')).kind).toBe(
      'match',
    );
    expect(pathsOf(compareResponses(typed('text/html'), typed('text/plain')))).toEqual([
      'header.content-type',
    ]);
  });
});

describe('rules', () => {
  const legacy = answer('{"generatedAt":1,"items":[{"at":1,"id":1}]}', [['x-build', '1']]);
  const candidate = answer('{"generatedAt":2,"items":[{"at":2,"id":1}]}', [['x-build', '2']]);

  it('turn a fully explained mismatch into noise that names them', () => {
    const some = rules(
      { path: '$.generatedAt', reason: 'clock' },
      { path: '$.items[*].at', reason: 'clock' },
      { path: 'header.X-Build', reason: 'build' },
    );
    expect(compareResponses(legacy, candidate, { rules: some })).toEqual({
      kind: 'noise',
      rules: ['header.X-Build (build)', '$.generatedAt (clock)', '$.items[*].at (clock)'],
    });
  });

  it('keep a match a match', () => {
    expect(compareResponses(legacy, legacy, { rules: rules({ path: 'body', reason: 'all' }) }).kind).toBe(
      'match',
    );
  });

  it('do not apply to other routes, nor after their last day', () => {
    const elsewhere = rules({ route: 'other', path: 'body', reason: 'x' });
    expect(pathsOf(compareResponses(legacy, candidate, { rules: elsewhere }))).toContain('$.generatedAt');
    const lastDay = rules({ path: '$..at', reason: 'clock', expires: '2026-11-20' });
    expect(pathsOf(compareResponses(legacy, candidate, { rules: lastDay }))).not.toContain('$.items[0].at');
    const over = rules({ path: '$..at', reason: 'clock', expires: '2026-11-19' });
    expect(compareResponses(legacy, candidate, { rules: over })).toMatchObject({
      kind: 'mismatch',
      expiredRules: ['$..at (clock)'],
    });
  });
});
