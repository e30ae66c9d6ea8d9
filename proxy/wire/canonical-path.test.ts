import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AmbiguousPath } from './ambiguous-path.ts';
import { canonicalPath } from './canonical-path.ts';

describe('canonicalPath', () => {
  test.each([
    ['/api/notes', '/api/notes'],
    ['/api/notes?a=%zz#', '/api/notes'],
    ['//admin', '/admin'],
    ['/a//b///c', '/a/b/c'],
    ['/a/./b/../c', '/a/c'],
    ['/ho/%2E%2E/hi', '/hi'],
    ['/ho/.%2e/hi', '/hi'],
    ['/../../etc', '/etc'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/', '/a/'],
    ['/admin;x=1/y;z', '/admin/y'],
    ['/a/;jsessionid=1', '/a/'],
    ['/a/...;x', '/a/...'],
    ['/%61pi/%7Euser', '/api/~user'],
    ['/a%2fb', '/a%2Fb'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/caf\xc3\xa9', '/caf%C3%A9'],
    ['/caf\xe9?\\', '/caf%E9'],
    ['/[...slug]', '/[...slug]'],
    ['/.well-known/x', '/.well-known/x'],
    ['/%252e%252e/x', '/%252e%252e/x'],
  ])('%s → %s', (target, path) => expect(canonicalPath(target)).toBe(path));

  test.each([
    '/%',
    '/%4',
    '/%zz',
    '/%00',
    '/a\\b',
    '/a#b',
    '/a/..%2fb',
    '/a%2F..',
    '/a%5c..%5cb',
    '/a%u0062',
    '/a/..;/b',
    '/a/%2E.;v=1/b',
    '/a/.;',
    '/a/..%3bx/b',
    '/a/;v=1/b',
    '/a/;v',
    '/;jsessionid=1/b',
  ])('%s is ambiguous', (target) => expect(canonicalPath(target)).toBeInstanceOf(AmbiguousPath));

  test.each<[string, string[]]>([
    ['/a\\b', ['/a%5Cb', '/a/b']],
    ['/api/notes%00.png', ['/api/notes%00.png', '/api/notes']],
    ['/api/notes#x', ['/api/notes%23x', '/api/notes']],
    ['/x\\..\\%61pi%2Fnotes', ['/x%5C..%5Capi%2Fnotes', '/api/notes']],
    ['/%u0061dmin', ['/%25u0061dmin', '/admin']],
    ['/a/..%2fb', ['/a/..%2Fb', '/b']],
    ['/a%5C..%5Cb;v=1', ['/a%5C..%5Cb', '/b']],
    ['/a/..;/b', ['/b', '/a/..%3B/b']],
    ['/a;v/%2e%2e;x/b', ['/b', '/a/..%3Bx/b', '/a%3Bv/..%3Bx/b']],
    ['/a/..%3b/b', ['/a/..%3B/b', '/b']],
    ['/a/;v', ['/a/', '/a/%3Bv']],
    ['/%zz/%2561dmin', ['/%25zz/%2561dmin', '/%25zz/admin']],
  ])('%s may be read as each of %j', (target, readings) => {
    const path = canonicalPath(target);
    if (typeof path === 'string') throw new Error('not ambiguous');
    expect(path.literal).toBe(readings[0]);
    for (const reading of readings) expect(path.readings).toContain(reading);
  });

  test.each([
    ['/a\\..\\b', true],
    ['/a%2f..%2fb', true],
    ['/a\\%u002e%u002e', true],
    ['/a%5C.;x', true],
    ['/a\\b..c', false],
    ['/%zz', false],
  ])('whether some server climbs in %s: %s', (target, climbs) => {
    expect(canonicalPath(target)).toHaveProperty('mayClimb', climbs);
  });

  test('a path whose readings would cost much is long', () => {
    expect(canonicalPath(`/%00${'a'.repeat(2_000)}`)).toHaveProperty('isLong', false);
    expect(canonicalPath(`/%00${'a'.repeat(2_100)}`)).toHaveProperty('isLong', true);
  });

  const segment = fc.oneof(
    fc.constantFrom('.', '..', '', '%2e', '%2E%2e', 'a;b', ';', '%2F', '%41', '~', 'x%2fy', '...', '%3B'),
    fc.string({ unit: fc.constantFrom(...'abc.%/;~-_0') }),
  );
  const target = fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join('/')}`);

  test('a canonical path is its own canonical path and unambiguous', () => {
    fc.assert(
      fc.property(target, (text) => {
        const path = canonicalPath(text);
        if (typeof path !== 'string') return;
        expect(canonicalPath(path)).toBe(path);
        expect(path.startsWith('/')).toBe(true);
        expect(path).not.toMatch(/\/\/|\/\.{1,2}(\/|$)|;/);
      }),
      { numRuns: 500 },
    );
  });

  test('spelling an unreserved character as an escape changes nothing', () => {
    const plain = fc.array(fc.string({ unit: fc.constantFrom(...'ab~-_.9'), minLength: 1 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(plain, fc.infiniteStream(fc.boolean()), (segments, coin) => {
        const path = `/${segments.join('/')}`;
        const spelled = path.replace(/[^/]/g, (character) =>
          coin.next().value ? `%${character.charCodeAt(0).toString(16)}` : character,
        );
        expect(canonicalPath(spelled)).toEqual(canonicalPath(path));
      }),
    );
  });
});
