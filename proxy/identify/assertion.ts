/**
 * The proxy's assertion about the caller to the candidate: a short-lived JWT, so that a service without the monolith's
 * session table knows the caller. Signed once per user and slice, and used for half of its lifetime.
 *
 * Signed with node:crypto rather than through a promise: RFC 7515 with a fixed header is one signature.
 */
import type { IdentifyConfig } from '@ficus/core';
import { type AssertionKeys, readAssertionKeys } from '../keys/assertion-keys.ts';
import { ExpiringCache } from './expiring-cache.ts';
import type { Identity } from './identity.ts';

const KEPT_ASSERTIONS = 20_000;
/** Tokens for longer ids are not kept: an attacker could fill the memory with them. */
const LONGEST_KEPT = 512;

export class IdentityAssertion {
  readonly header: string;
  readonly #keys: AssertionKeys;
  readonly #joseHeader: string;
  readonly #ttlSeconds: number;
  readonly #cache = new ExpiringCache<string>(KEPT_ASSERTIONS);

  /** @throws FicusError FICUS_PEM_UNREADABLE when a key cannot be read */
  constructor(config: NonNullable<IdentifyConfig['assert']>) {
    this.header = config.header;
    this.#keys = readAssertionKeys(config);
    this.#joseHeader = encode(this.#keys.header);
    this.#ttlSeconds = config.ttlSeconds;
  }

  /** The token for a caller, or undefined for an anonymous one. @param now milliseconds since the epoch */
  tokenFor(identity: Identity, slice: string, now: number): string | undefined {
    const { user, tenant } = identity;
    if (user === undefined) return undefined;
    // With the length of one part, no two callers have the same key, whatever their names contain.
    const key = `${slice} ${user.length} ${user}${tenant ?? ''}`;
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
    const signed = `${this.#joseHeader}.${encode(claims)}`;
    return `${signed}.${this.#keys.sign(signed).toString('base64url')}`;
  }
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
