/** `query: { v: '2' }`: the first parameter of the name counts, decoded. */
import type { ValueMatch } from '@ficus/core';
import type { Condition } from './condition.ts';
import { compileValues } from './value-match.ts';

export function compileQuery(written: Readonly<Record<string, ValueMatch>>): Condition[] {
  return compileValues('query parameter', written, ({ target }, name) => queryValue(target, name));
}

function queryValue(target: string, name: string): string | undefined {
  const queryAt = target.indexOf('?');
  if (queryAt === -1) return undefined;
  return new URLSearchParams(target.slice(queryAt + 1)).get(name) ?? undefined;
}
