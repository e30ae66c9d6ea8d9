import { configSchema } from '@ficus/core';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatJsonPath, type JsonStep, parseJsonPattern, patternCovers } from './json-path.ts';

const covers = (pattern: string, steps: JsonStep[]) =>
  patternCovers(parseJsonPattern(pattern) ?? [{ kind: 'index', index: -1 }], steps);

describe('patterns', () => {
  it.each<[string, JsonStep[], boolean]>([
    ['$', ['a'], true],
    ['$.a', ['a'], true],
    ['$.a', ['a', 0, 'b'], true],
    ['$.a.b', ['a'], false],
    ['$.a', ['b'], false],
    ['$.items[*].at', ['items', 3, 'at'], true],
    ['$.items[*].at', ['items', 3, 'id'], false],
    ['$.items[3]', ['items', 3], true],
    ['$.items[3]', ['items', '3'], false],
    ['$[*].x', [0, 'x'], true],
    ['$.*.x', ['any', 'x', 'y'], true],
    ['$..at', ['at'], true],
    ['$..at', ['a', 0, 'b', 'at'], true],
    ['$..at', ['a', 'cat'], false],
    ['$..a.b', ['a', 'a', 'b'], true],
    ["$['odd name'].x", ['odd name', 'x'], true],
    ['$["a\\"b"]', ['a"b'], true],
  ])('%s on %j: %s', (pattern, steps, expected) => {
    expect(covers(pattern, steps)).toBe(expected);
  });

  it('the path of a difference is a pattern that matches it', () => {
    const steps: JsonStep[] = ['a', 0, 'odd name', 'x.y', "it's", '', 'ok_1'];
    expect(covers(formatJsonPath(steps), steps)).toBe(true);
  });
});

const PATTERNS: [string, boolean][] = [
  ['$', true],
  ['$.a.b', true],
  ['$..a', true],
  ['$..[0]', true],
  ['$.items[*]', true],
  ["$['a b']", true],
  ['$["a b"]["\\u00e9\\n\\"\\/"]', true],
  ['$["tab\\q"]', false],
  ['$["a\\u12"]', false],
  ['$["line\nbreak"]', false],
  ['$["open\\"]', false],
  ['$.', false],
  ['$..', false],
  ['$.a[', false],
  ['$.a[x]', false],
  ['$a', false],
];

it.each(PATTERNS)('the parser knows %s: %s', (pattern, expected) => {
  expect(parseJsonPattern(pattern) !== undefined).toBe(expected);
});

function isAccepted(path: string): boolean {
  const config = configSchema.safeParse({
    version: 1,
    legacy: { url: 'http://old' },
    slices: {
      s: {
        candidate: { url: 'http://new' },
        routes: [{ id: 'r', path: '/' }],
        parity: { ignore: [{ path, reason: 'x' }] },
      },
    },
  });
  return config.success;
}

it.each([
  ...PATTERNS,
  ['header.x-build', true],
  ['body', true],
  ['status', false],
  ['a.b', false],
  ['header.', false],
  ['', false],
] as [string, boolean][])('the config’s schema accepts %s: %s', (path, expected) => {
  expect(isAccepted(path)).toBe(expected);
});

test('whatever JSON path the schema accepts, the parser reads', () => {
  const piece = fc.constantFrom(
    ...[
      '.',
      '..',
      '*',
      'a',
      '[',
      ']',
      '0',
      "'",
      '"',
      '\\',
      'u',
      '00e9',
      'q',
      'n',
      ' ',
      '\n',
      '\u2028',
      'é',
      '😀',
    ],
  );
  const quoted = fc.array(piece, { maxLength: 4 }).map((pieces) => `["${pieces.join('')}"]`);
  const steps = fc.array(fc.oneof(quoted, fc.constantFrom('.a', '..b', '[*]', "['c d']"), piece), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(steps, (parts) => {
      const path = `$${parts.join('')}`;
      if (isAccepted(path)) expect(parseJsonPattern(path)).toBeDefined();
    }),
    { numRuns: 2_000 },
  );
});
