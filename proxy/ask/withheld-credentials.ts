/**
 * The caller's credentials that a candidate does not get: with them, a new service (its logs, its faults, its operators)
 * could act as the user at the monolith.
 */
import type { CandidateConfig, IdentifyConfig } from '@ficus/core';
import { withoutCookies } from '../wire/cookie.ts';

export interface WithheldCredentials {
  /** Names of fields, in lower case. */
  readonly fields: readonly string[];
  /** Names of cookies, as they are written. */
  readonly cookies: readonly string[];
}

const AUTHORIZATION = 'authorization';

export function withheldCredentials(
  { user, session, tenant }: IdentifyConfig,
  { credentials = [] }: CandidateConfig,
): WithheldCredentials {
  const authorization = credentials.includes('authorization') ? [] : [AUTHORIZATION];
  if (credentials.includes('session')) return { fields: authorization, cookies: [] };
  // A user's header that a gateway sets (`trustedFrom`) only names the caller. One that the client sends is what the
  // legacy knows it by, as are a session, a token, and what the legacy is asked about.
  const verified = [user, session, tenant].filter((source) => source?.introspect ?? source?.jwtClaim);
  const claimed = user?.trustedFrom === undefined ? user : undefined;
  const headers = new Set([claimed, session, ...verified].flatMap((source) => source?.header ?? []));
  headers.delete(AUTHORIZATION);
  return {
    fields: [...authorization, ...headers],
    cookies: [...new Set([user, session, ...verified].flatMap((source) => source?.cookie ?? []))],
  };
}

/** What the candidate gets of a request's fields. @param headers names in lower case */
export function withhold(
  headers: readonly (readonly [string, string])[],
  { fields, cookies }: WithheldCredentials,
): [string, string][] {
  return headers.flatMap(([name, value]): [string, string][] => {
    if (fields.includes(name)) return [];
    const kept = name === 'cookie' ? withoutCookies(value, cookies) : value;
    return kept === '' && value !== '' ? [] : [[name, kept]];
  });
}
