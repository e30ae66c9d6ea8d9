/** `cookies: { beta: { present: true } }`: the first cookie of the name counts. */
import type { ValueMatch } from '@ficus/core';
import { cookieValue } from '../../wire/cookie.ts';
import type { Condition } from './condition.ts';
import { compileValues } from './value-match.ts';

export function compileCookies(written: Readonly<Record<string, ValueMatch>>): Condition[] {
  return compileValues('cookie', written, ({ cookie }, name) =>
    cookie === undefined ? undefined : cookieValue(cookie, name),
  );
}
