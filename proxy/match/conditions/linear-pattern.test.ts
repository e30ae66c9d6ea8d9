import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePatternTest, patternProblem } from './linear-pattern.ts';

/** Expressions from letters, classes, groups and repetitions, nested a few levels deep. */
const expression = fc.letrec<{ node: string; leaf: string }>((tie) => ({
  leaf: fc.constantFrom('a', 'b', '-', '\\d', '\\w', '[ab]', '[^a]', '.', '\\.', '^', '$', '\\b'),
  node: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a}${b}`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}')).map(([a, q]) => `(?:${a})${q}`),
  ),
})).node;

const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1', '.', ' ', 'é'), maxLength: 8 });

describe('expressions of a config', () => {
  test('match the whole value, as JavaScript’s do', () => {
    fc.assert(
      fc.property(expression, text, (source, value) => {
        expect(compilePatternTest(source)(value)).toBe(new RegExp(`^(?:${source})$`).test(value));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['\\u0041[^]', 'AB', 'A'],
    ['(?<major>\\d+)\\.\\d+', '10.2', '10.2.1'],
    ['a|ab', 'ab', 'abc'],
    ['(?i)beta', 'BETA', 'beta2'],
    ['caf\\u00e9', 'café', 'cafe'],
  ])('%s', (source, yes, no) => {
    expect([yes, no].map(compilePatternTest(source))).toEqual([true, false]);
  });

  test.each([
    ['(?!admin).*', /lookahead.*not supported/],
    ['(?<=x)y', /lookbehind.*not supported/],
    ['(a)\\1', /back-references/],
    ['(?<q>a)\\k<q>', /back-references/],
    ['[a', /RE2 syntax: missing closing \]/],
    ['a**', /RE2 syntax/],
    ['(?:[ab]{1,30}){1,30}', /too large.*at most 500/],
  ])('%s is refused', (source, problem) => {
    expect(patternProblem(source)).toMatch(problem);
    expect(() => compilePatternTest(source)).toThrow(RangeError);
  });
});
