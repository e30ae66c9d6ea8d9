/**
 * Claims of verified bearer tokens. Verification costs tens of microseconds and a promise: the claims of a
 * token are kept until it expires, five minutes at most, under the token's own text.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { JWTPayload } from 'jose';
import { ExpiringCache } from './expiring-cache.ts';
import { boundedKey } from './own-text.ts';
import { createVerifyToken, KeysUnavailable, type VerifyToken } from './verification-keys.ts';

const KEPT_TOKENS = 20_000;
const KEPT_MS = 300_000;
/** A failed token is remembered briefly, so that a flood of bad ones is cheap. */
const REFUSED_MS = 5_000;
const UNKNOWN_MS = 1_000;
/** Longer tokens are kept under their digest: taking it costs more than a usual token's whole look-up. */
const LONGEST_KEY = 2_048;
const NO_CLAIMS: JWTPayload = {};

/** Claims; none for an invalid token; `unknown` when it could not be verified. */
export type Claims = JWTPayload | 'unknown';

export class BearerClaims {
  readonly #cache = new ExpiringCache<Claims>(KEPT_TOKENS);
  readonly #verifyToken: VerifyToken;

  constructor(jwt: NonNullable<IdentifyConfig['jwt']>) {
    this.#verifyToken = createVerifyToken(jwt);
  }

  /** Claims known without waiting; undefined when the token has to be verified first. */
  known(authorization: string | undefined, now: number): Claims | undefined {
    const token = bearerToken(authorization);
    return token === undefined ? NO_CLAIMS : this.#cache.get(boundedKey(token, LONGEST_KEY), now);
  }

  /** Verifies the token; an invalid one has no claims, which makes the caller anonymous. Never rejects. */
  async verify(authorization: string | undefined, now: number): Promise<Claims> {
    const token = bearerToken(authorization);
    if (token === undefined) return NO_CLAIMS;
    const key = boundedKey(token, LONGEST_KEY);
    try {
      const payload = await this.#verifyToken(token);
      const expiresAt = payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1000;
      if (expiresAt <= now) throw new Error('the token has expired');
      this.#cache.set(key, payload, Math.min(expiresAt, now + KEPT_MS), now);
      return payload;
    } catch (error) {
      const claims = error instanceof KeysUnavailable ? 'unknown' : NO_CLAIMS;
      const soon = claims === 'unknown' || namesUnknownKey(error);
      this.#cache.set(key, claims, now + (soon ? UNKNOWN_MS : REFUSED_MS), now);
      return claims;
    }
  }
}

/** The issuer may have a new key that can be fetched within a second; an attacker may have invented the name. */
function namesUnknownKey(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_JWKS_NO_MATCHING_KEY';
}

function bearerToken(authorization: string | undefined): string | undefined {
  return authorization !== undefined && /^bearer /i.test(authorization)
    ? authorization.slice(7).trim()
    : undefined;
}
