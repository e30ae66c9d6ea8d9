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
    const { claims, until, why } = await this.examine(token, now);
    if (claims === 'unknown') this.#notes.say('jwt', why!);
    this.#cache.set(boundedKey(token, LONGEST_KEY), claims, until, now);
    return claims;
  }

  /** The same, and why a token does not hold; notes and keeps nothing. Never rejects. */
  async examine(token: string, now: number): Promise<ExaminedToken> {
    try {
      const payload = await this.#verifyToken(token);
      const expiresAt = payload.exp === undefined ? Number.POSITIVE_INFINITY : payload.exp * 1000;
      const until = Math.min(expiresAt, now + KEPT_MS);
      if (expiresAt <= now) return { claims: 'none', until: now + REFUSED_MS, why: 'it has expired' };
      if (payload.exp === undefined && this.#requireExp)
        return { claims: 'unknown', until, why: NEVER_EXPIRES };
      return { claims: payload, until, why: undefined };
    } catch (error) {
      if (error instanceof KeysUnavailable)
        return { claims: 'unknown', until: now + UNKNOWN_MS, why: describe(error) };
      if (namesUnknownKey(error))
        return {
          claims: 'unknown',
          until: now + UNKNOWN_MS,
          why: 'a token names a key that the issuer does not publish',
        };
      return { claims: 'none', until: now + REFUSED_MS, why: whyInvalid(error) };
    }
  }
}

/** A token's claims, when they are to be read again, and why it does not hold. */
interface ExaminedToken {
  readonly claims: Claims;
  readonly until: number;
  /** Repeats nothing of the token. */
  readonly why: string | undefined;
}

const NEVER_EXPIRES =
  'a valid token has no exp: let the issuer set one, or allow tokens that never expire with jwt.requireExp: false';

/** What jose says is about a token, without its content; other errors may quote it. */
function whyInvalid(error: unknown): string {
  const { code, message } = error as { code?: unknown; message: string };
  return typeof code === 'string' && code.startsWith('ERR_J') ? message : 'it is no token that can be read';
}

function describe({ message, cause }: KeysUnavailable): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** The issuer may have a new key, which its caches do not show yet; an attacker may have invented the name. */
function namesUnknownKey(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_JWKS_NO_MATCHING_KEY';
}
