/**
 * Claims of verified bearer tokens. Verification costs tens of microseconds and a promise: the claims of a
 * token are kept until it expires, five minutes at most, under the token's own text.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { JWTPayload } from 'jose';
import { ExpiringCache } from './expiring-cache.ts';
import type { IdentityNotes } from './identity-notes.ts';
import { boundedKey } from './own-text.ts';
import { createVerifyToken, KeysUnavailable, type VerifyToken } from './verification-keys.ts';

const KEPT_TOKENS = 20_000;
const KEPT_MS = 300_000;
/** A failed token is remembered briefly, so that a flood of bad ones is cheap. */
const REFUSED_MS = 5_000;
const UNKNOWN_MS = 1_000;
/** Longer tokens are kept under their digest: taking it costs more than a usual token's whole look-up. */
const LONGEST_KEY = 2_048;

/** `none` for an invalid token, or without one; `unknown` when it could not be verified, or never expires. */
export type Claims = JWTPayload | 'none' | 'unknown';

export class BearerClaims {
  readonly #cache = new ExpiringCache<Claims>(KEPT_TOKENS);
  readonly #verifyToken: VerifyToken;
  readonly #requireExp: boolean;
  readonly #notes: Pick<IdentityNotes, 'say'>;

  constructor(jwt: NonNullable<IdentifyConfig['jwt']>, notes: Pick<IdentityNotes, 'say'>) {
    this.#verifyToken = createVerifyToken(jwt);
    this.#requireExp = jwt.requireExp;
    this.#notes = notes;
  }

  /** Claims known without waiting; undefined when the token has to be verified first. */
  known(token: string | undefined, now: number): Claims | undefined {
    return token === undefined ? 'none' : this.#cache.get(boundedKey(token, LONGEST_KEY), now);
  }

  /** Verifies the token; an invalid one has no claims, which makes the caller anonymous. Never rejects. */
  async verify(token: string, now: number): Promise<Claims> {
    const key = boundedKey(token, LONGEST_KEY);
    try {
      const payload = await this.#verifyToken(token);
      const expiresAt = payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1000;
      if (expiresAt <= now) throw new Error('the token has expired');
      const claims = payload.exp === undefined && this.#requireExp ? this.#neverExpires() : payload;
      this.#cache.set(key, claims, Math.min(expiresAt, now + KEPT_MS), now);
      return claims;
    } catch (error) {
      const claims = error instanceof KeysUnavailable ? 'unknown' : 'none';
      if (error instanceof KeysUnavailable) this.#notes.say('jwt', describe(error));
      const soon = claims === 'unknown' || namesUnknownKey(error);
      this.#cache.set(key, claims, now + (soon ? UNKNOWN_MS : REFUSED_MS), now);
      return claims;
    }
  }

  #neverExpires(): 'unknown' {
    this.#notes.say(
      'jwt',
      'a valid token has no exp: let the issuer set one, or allow tokens that never expire with jwt.requireExp: false',
    );
    return 'unknown';
  }
}

function describe({ message, cause }: KeysUnavailable): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** The issuer may have a new key that can be fetched within a second; an attacker may have invented the name. */
function namesUnknownKey(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_JWKS_NO_MATCHING_KEY';
}
