/**
 * The proxy's assertion about the caller to the candidate: a short-lived JWT (HS256), so that a service without the
 * monolith's session table knows the caller. Signed once per user and slice, and used for half of its lifetime.
 *
 * Signed with node:crypto rather than through a promise: RFC 7515 with a fixed header is one HMAC.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { IdentifyConfig } from '@ficus/core';
import { ExpiringCache } from './expiring-cache.ts';
import type { Identity } from './identity.ts';

const KEPT_ASSERTIONS = 20_000;
/** Tokens for longer ids are not kept: an attacker could fill the memory with them. */
const LONGEST_KEPT = 512;
const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

export class IdentityAssertion {
  readonly header: string;
  readonly #key: KeyObject;
  readonly #ttlSeconds: number;
  readonly #cache = new ExpiringCache<string>(KEPT_ASSERTIONS);

  constructor(config: NonNullable<IdentifyConfig['assert']>) {
    this.header = config.header;
    this.#key = createSecretKey(config.secret, 'utf8');
    this.#ttlSeconds = config.ttlSeconds;
  }

  /** The token for a caller, or undefined for an anonymous one. @param now milliseconds since the epoch */
  tokenFor(identity: Identity, slice: string, now: number): string | undefined {
    const { user, tenant } = identity;
    if (user === undefined) return undefined;
    const key = `${slice}\0${user}\0${tenant ?? ''}`;
    const known = this.#cache.get(key, now);
    if (known !== undefined) return known;
    const issuedAt = Math.floor(now / 1000);
    const claims = {
      iss: 'ficus',
      aud: slice,
      sub: user,
      tenant,
      iat: issuedAt,
      exp: issuedAt + this.#ttlSeconds,
    };
    const token = this.#sign(claims);
    if (key.length <= LONGEST_KEPT) this.#cache.set(key, token, now + (this.#ttlSeconds * 1000) / 2, now);
    return token;
  }

  #sign(claims: object): string {
    const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${signed}.${createHmac('sha256', this.#key).update(signed).digest('base64url')}`;
  }
}
