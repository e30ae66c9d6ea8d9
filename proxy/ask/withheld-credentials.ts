/**
 * The caller's credentials that a candidate does not get: with them, a new service (its logs, its faults, whoever runs
 * it) could act as the user at the monolith.
 */
import type { CandidateConfig, IdentifyConfig } from '@ficus/core';

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
  // A header that is believed as it comes names the caller; one with a token, or that the legacy is asked about, is a
  // credential.
  const verified = [user, session, tenant].filter((source) => source?.introspect ?? source?.jwtClaim);
  const headers = verified.flatMap((source) => source?.header ?? []);
  return {
    fields: [...authorization, ...headers.filter((name) => name !== AUTHORIZATION)],
    cookies: [...new Set([user, session, ...verified].flatMap((source) => source?.cookie ?? []))],
  };
}
