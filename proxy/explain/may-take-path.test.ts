import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from '../match/route-table.ts';
import { mayTakePath } from './may-take-path.ts';

test.each([
  ['/api/notes', '/api/orders', false],
  ['/api/notes', '/API/Notes', true],
  ['/api/:id/tags', '/api/7/likes', false],
  ['/api/:id', '/api/7', true],
  ['/files/*', '/files/a/b', true],
  ['/caf%C3%A9', '/caf%C3%A9', true],
  ['/:name.json', '/a.json', true],
  ['/a', '/a/', true],
])('%s may take %s: %s', (pattern, path, may) => {
  expect(mayTakePath(pattern, path)).toBe(may);
});

test('it never rules out a path that the pattern takes', () => {
  const part = fc.constantFrom('a', 'B', 'b', 'api', ':id', ':id.json', 'x::y', 'a-b', '');
  const segment = fc.constantFrom('a', 'A', 'b', 'api', '7', '7.json', 'x:y', 'a-b', '%20', '');
  // Parts and segments that fit make most of them, or hardly any path would be taken.
  const fitting = fc.constantFrom<[string, string]>(
    ['a', 'a'],
    ['a', 'A'],
    ['B', 'b'],
    ['api', 'api'],
    [':id', '7'],
    [':id', '%20'],
    [':id.json', '7.json'],
    ['x::y', 'x:y'],
    ['a-b', 'a-b'],
  );
  const pairs = fc.array(fc.oneof({ weight: 4, arbitrary: fitting }, fc.tuple(part, segment)), {
    minLength: 1,
    maxLength: 4,
  });
  const end = fc.constantFrom('', '', '/', '/a');
  const comparison = fc.record({ ignoreCase: fc.boolean(), ignoreTrailingSlash: fc.boolean() });
  let taken = 0;
  fc.assert(
    fc.property(pairs, end, end, comparison, (both, writtenEnd, askedEnd, paths) => {
      const written = `/${both.map(([left]) => left).join('/')}${writtenEnd}`;
      const asked = `/${both.map(([, right]) => right).join('/')}${askedEnd}`;
      let takes: ReturnType<typeof compilePattern>;
      try {
        takes = compilePattern({ methods: ['GET'], path: written }, paths);
      } catch {
        return;
      }
      if (!takes('GET', asked)) return;
      taken += 1;
      expect(mayTakePath(written, asked)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(200);
});
