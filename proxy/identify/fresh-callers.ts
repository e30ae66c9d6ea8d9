/**
 * The caller's identity from this answer on: the values it sets for cookies that name callers. A guest's first write
 * creates their session, and a monolith may renew one at any write; the reads that follow use the new name.
 */
import type { IdentifyConfig } from '@ficus/core';
import { cookieValue } from '../wire/cookie.ts';

/**
 * @param fields of the answer, flat
 * @returns values of the cookies that carry a user or a session directly
 */
export function freshCallers({ user, session }: IdentifyConfig, fields: readonly string[]): string[] {
  const found: string[] = [];
  for (const source of [user, session]) {
    // Only the legacy knows whose session it is; a token is no name.
    if (source?.cookie === undefined || source.introspect !== undefined || source.jwtClaim !== undefined)
      continue;
    for (let index = 0; index < fields.length; index += 2) {
      const cookie = fields[index + 1]!;
      if (fields[index]!.toLowerCase() !== 'set-cookie' || !cookie.startsWith(`${source.cookie}=`)) continue;
      const value = cookieValue(cookie, source.cookie);
      if (value) found.push(value);
    }
  }
  return found;
}
