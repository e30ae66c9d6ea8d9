/**
 * Strangers choose headers, targets, cookies and bodies. A function that needs quadratic or exponential time for some of
 * them stops a worker or the control plane for everybody (ReDoS). Each such function is held to 20 ms for 32 KB of the
 * texts that its own patterns find hardest.
 */
import { describe, expect, test } from 'vitest';
import { parseJsonPattern, patternCovers } from '../../parity/rules/json-path.ts';
import { compilePatternTest } from '../../proxy/match/conditions/linear-pattern.ts';
import { configOf } from '../../proxy/match/route-config.fixture.ts';
import { buildRouteTable } from '../../proxy/match/route-table.ts';
import { tooSlowOn } from '../parts/cost-bound.ts';

describe('expressions of a config', () => {
  test.each([
    '(a+)+b',
    '(?:a|aa)+b',
    '(\\w+\\s?)*c',
    '.*a.*a.*a.*a.*z',
    '(?:a?){40}a{40}b',
    '(?:.*,){12}x',
    '([a-z]*)*[0-9]',
    'a*a*a*a*a*a*a*b',
  ])('a condition: %s', (source) => {
    const matches = compilePatternTest(source);
    for (const piece of ['a', 'aa ', 'a,', 'ab', 'z', '\u00e9']) {
      expect(tooSlowOn(matches, piece)).toBeUndefined();
    }
  });

  test.each(['/x/:a([\\w-]*)!', '/x/:a-:b-:c.:d', '/x/:a(\\d{3}):b.c'])('a path: %s', (path) => {
    const table = buildRouteTable(configOf([{ id: 'a', path }]));
    for (const piece of ['a', '-', 'a-', '.', '1', '111']) {
      const find = (text: string) => table.find('GET', `/x/${text}`, {} as never);
      expect(tooSlowOn(find, piece, '?')).toBeUndefined();
    }
  });

  test('a JSON path with many “..” over a body nested deep', () => {
    const pattern = parseJsonPattern('$..a..a..b..a..a..b..a..a..c')!;
    const covers = (path: string) => patternCovers(pattern, path.split('.'));
    for (const piece of ['a.', 'a.b.', 'a.a.b.']) expect(tooSlowOn(covers, piece, 'x')).toBeUndefined();
  });
});
