/** `headers: { x-beta: 'yes' }`: the first field of the name counts. */
import type { ValueMatch } from '@ficus/core';
import { headerValue } from '../../wire/raw-headers.ts';
import type { Condition } from './condition.ts';
import { compileValues } from './value-match.ts';

export function compileHeaders(written: Readonly<Record<string, ValueMatch>>): Condition[] {
  return compileValues('header', written, ({ rawHeaders }, name) => headerValue(rawHeaders, name));
}
