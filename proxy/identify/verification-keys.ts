/**
 * The keys that verify bearer tokens: a shared secret, one public key, or the set that an issuer publishes (JWKS, RFC
 * 7517). The set is fetched when needed, again when a token names an unknown key, and at least every ten minutes
 * (jose). The issuer is asked at most once a second, not once per token.
 */
import type { IdentifyConfig } from '@ficus/core';
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  importSPKI,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { turnNow } from '../clock/turn-clock.ts';
import { fetchKeySet } from './fetch-key-set.ts';

/**
 * Verifies a token; rejects with a jose error when it is invalid, with `KeysUnavailable` when the keys cannot be
 * obtained.
 */
export type VerifyToken = (token: string) => Promise<JWTPayload>;

export class KeysUnavailable extends Error {}

const SYMMETRIC = ['HS256', 'HS384', 'HS512'];
const ASYMMETRIC = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const FETCH_MS = 2_000;
/** Shortest interval between two fetches, whatever keys tokens name. */
const COOLDOWN_MS = 1_000;
/** What jose says when the set could not be fetched or read; everything else is about the token. */
const NOT_FETCHED = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

/**
 * How far the issuer's clock may be ahead: a token that has just been issued must count at once. RFC 7519
 * section 4.1.5 allows a small leeway. It must not lengthen a token's life; callers that keep its claims
 * check `exp` themselves.
 */
const AHEAD_SECONDS = 10;

export function createVerifyToken(jwt: NonNullable<IdentifyConfig['jwt']>): VerifyToken {
  const { secret, publicKey, jwks, issuer, audience } = jwt;
  // The token may choose only among the algorithms of the key's kind: a public key is never an HMAC secret.
  const expected = {
    clockTolerance: AHEAD_SECONDS,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  if (jwks !== undefined) return verifyByKeySet(new URL(jwks), { ...expected, algorithms: ASYMMETRIC });
  if (publicKey !== undefined) return verifyByPublicKey(publicKey, expected);
  const key = new TextEncoder().encode(secret ?? '');
  return async (token) => (await jwtVerify(token, key, { ...expected, algorithms: SYMMETRIC })).payload;
}

interface Expected {
  readonly clockTolerance: number;
  readonly issuer?: string;
  readonly audience?: string;
}

function verifyByPublicKey(pem: string, expected: Expected): VerifyToken {
  // By algorithm: a key imported for one cannot be used for another.
  const keys = new Map<string, ReturnType<typeof importSPKI>>();
  return async (token) => {
    const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { alg?: string };
    const algorithm = ASYMMETRIC.find((name) => name === header.alg);
    if (!algorithm) throw new Error('algorithm not allowed');
    const key = keys.get(algorithm) ?? importSPKI(pem, algorithm);
    keys.set(algorithm, key);
    try {
      return (await jwtVerify(token, await key, { ...expected, algorithms: [algorithm] })).payload;
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw cause;
      // Of another kind than the token's, too short, or no key: it says nothing about the token.
      throw new KeysUnavailable('jwt.publicKey cannot verify such a token', { cause });
    }
  };
}

function verifyByKeySet(url: URL, options: Expected & { readonly algorithms: string[] }): VerifyToken {
  const keySet = createRemoteJWKSet(url, {
    timeoutDuration: FETCH_MS,
    cooldownDuration: COOLDOWN_MS,
    [customFetch]: fetchKeySet,
  });
  let failedUntil = Number.NEGATIVE_INFINITY;
  return async (token) => {
    if (turnNow() < failedUntil && !keySet.fresh)
      throw new KeysUnavailable('the issuer’s keys cannot be fetched');
    try {
      return await verifyByAnyKey(token, keySet, options);
    } catch (cause) {
      if (!isNotFetched(cause)) throw cause;
      failedUntil = turnNow() + COOLDOWN_MS;
      throw new KeysUnavailable('the issuer’s keys cannot be fetched', { cause });
    }
  };
}

/** Most keys of a set that are tried for one token: each costs a verification, and anybody can send tokens. */
const MOST_TRIED = 16;

/**
 * A token without `kid`, or with one that the issuer uses twice, fits several keys; one of them has signed it.
 * @throws KeysUnavailable when it may be a key that was not tried, or cannot be used: that says nothing about the token
 */
async function verifyByAnyKey(
  token: string,
  keySet: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keySet, options)).payload;
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several;
    let tried = 0;
    let unusable: TypeError | undefined;
    for await (const key of several) {
      tried += 1;
      if (tried > MOST_TRIED)
        throw new KeysUnavailable(`a token fits more than ${MOST_TRIED} keys of its issuer`);
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        if (error instanceof TypeError) unusable = error;
        // Another key has signed. Anything else is about the token.
        else if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    if (unusable) throw new KeysUnavailable('a key of the issuer cannot be used', { cause: unusable });
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** `fetch` throws a TypeError when the network fails. */
function isNotFetched(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  return NOT_FETCHED.has(String((error as { code?: unknown } | null)?.code));
}
