/** `query: { v: '2' }`: the first parameter of the name counts, decoded. */
import type { ValueMatch } from '@ficus/core';
import type { Condition } from './condition.ts';
import { compileValues } from './value-match.ts';

export function compileQuery(written: Readonly<Record<string, ValueMatch>>): Condition[] {
  return compileValues('query parameter', written, ({ query }, name) => query.get(name) ?? undefined);
}
