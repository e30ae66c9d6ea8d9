import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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
    ['/%61pi/%7Euser', '/api/~user'],
    ['/a%2fb', '/a%2Fb'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/[...slug]', '/[...slug]'],
    ['/.well-known/x', '/.well-known/x'],
    ['/%252e%252e/x', '/%252e%252e/x'],
  ])('%s → %s', (target, path) => expect(canonicalPath(target)).toBe(path));

  test.each(['/%', '/%4', '/%zz', '/%00', '/a\\b', '/a#b', '/a/..%2fb', '/a%2F..', '/a%5c..%5cb', '/\u00e9'])(
    '%s is refused',
    (target) => expect(canonicalPath(target)).toHaveProperty('refused'),
  );

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
