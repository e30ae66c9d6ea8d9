/** A value that a header, a query parameter or a cookie must have, must match, or whose presence counts. */
import type { ValueMatch } from '@ficus/core';
import type { Condition, RequestFacts } from './condition.ts';
import { compilePatternTest } from './linear-pattern.ts';

/**
 * One condition for each name.
 * @param what for explanations: `header`
 */
export function compileValues(
  what: string,
  written: Readonly<Record<string, ValueMatch>>,
  read: (facts: RequestFacts, name: string) => string | undefined,
): Condition[] {
  return Object.entries(written).map(([name, match]) => {
    const test = compileMatch(match);
    return { needs: `${what} ${name} ${inWords(match)}`, holds: (facts) => test(read(facts, name)) };
  });
}

function compileMatch(match: ValueMatch): (value: string | undefined) => boolean {
  if (typeof match === 'string') return (value) => value === match;
  if ('present' in match) return (value) => (value !== undefined) === match.present;
  const matches = compilePatternTest(match.regex);
  return (value) => value !== undefined && matches(value);
}

function inWords(match: ValueMatch): string {
  if (typeof match === 'string') return `is “${match}”`;
  if ('present' in match) return match.present ? 'is present' : 'is absent';
  return `matches /${match.regex}/`;
}
