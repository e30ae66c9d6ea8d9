/**
 * The keys that assertions are signed with: a secret that proxy and candidates share (HS256), or key pairs (EdDSA,
 * ES256), of which the first signs and all are published as a JWKS (RFC 7517), so that a key can be replaced while
 * candidates still verify with the other.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { describeFileError, FicusError, type IdentifyConfig } from '@ficus/core';
import { readSmallFile } from '../files/read-small-file.ts';

type AssertConfig = NonNullable<IdentifyConfig['assert']>;
type KeyConfig = NonNullable<AssertConfig['keys']>[number];

/** A public key as RFC 7517 and RFC 8037 write it. */
export interface PublishedKey {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
  readonly kid: string;
  readonly alg: 'EdDSA' | 'ES256';
  readonly use: 'sig';
}

export interface AssertionKeys {
  /** The JOSE header of each assertion. */
  readonly header: { readonly alg: string; readonly typ: 'JWT'; readonly kid?: string };
  sign(text: string): Buffer;
  readonly published: readonly PublishedKey[];
  /** What only holders of the keys know, the signing key's first: for the seal of observations. */
  readonly secrets: readonly (string | Buffer)[];
}

/** @throws FicusError FICUS_PEM_UNREADABLE when a key cannot be read, or is of another kind */
export function readAssertionKeys({
  secret,
  keys = [],
}: Pick<AssertConfig, 'secret' | 'keys'>): AssertionKeys {
  if (secret !== undefined) return sharedSecret(secret);
  const pairs = keys.map(readPair);
  const [signing] = pairs;
  if (signing?.privateKey === undefined)
    throw unusable(0, 'the first key signs, so it must be a private key');
  const { privateKey, published } = signing;
  const digest = published.alg === 'ES256' ? 'sha256' : null;
  return {
    header: { alg: published.alg, typ: 'JWT', kid: published.kid },
    // RFC 7518 section 3.4: r and s side by side, not DER.
    sign: (text) => sign(digest, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    published: pairs.map((pair) => pair.published),
    secrets: pairs.flatMap((pair) =>
      pair.privateKey ? [pair.privateKey.export({ type: 'pkcs8', format: 'der' })] : [],
    ),
  };
}

function sharedSecret(secret: string): AssertionKeys {
  const key = createSecretKey(secret, 'utf8');
  return {
    header: { alg: 'HS256', typ: 'JWT' },
    sign: (text) => createHmac('sha256', key).update(text).digest(),
    published: [],
    secrets: [secret],
  };
}

interface Pair {
  /** Undefined for a key that is only published. */
  readonly privateKey: KeyObject | undefined;
  readonly published: PublishedKey;
}

const ALGORITHMS: Readonly<Record<string, PublishedKey['alg']>> = { Ed25519: 'EdDSA', 'P-256': 'ES256' };

function readPair(config: KeyConfig, index: number): Pair {
  const pem = config.key ?? readFile(config.file!, index);
  const privateKey = attempt(() => createPrivateKey(pem));
  const publicKey = attempt(() => createPublicKey(pem));
  const { kty = '', crv = '', x = '', y } = publicKey?.export({ format: 'jwk' }) ?? {};
  const alg = ALGORITHMS[crv];
  if (alg === undefined) throw unusable(index, 'it is no PEM key of the kind Ed25519 or P-256');
  const published = {
    kty,
    crv,
    x,
    ...(y === undefined ? {} : { y }),
    kid: config.kid,
    alg,
    use: 'sig',
  } as const;
  return { privateKey, published };
}

function readFile(path: string, index: number): string {
  try {
    return readSmallFile(path);
  } catch (cause) {
    throw unusable(index, `${path} cannot be read: ${describeFileError(cause)}`, cause);
  }
}

/** Neither the key nor OpenSSL's words about it are shown. */
function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function unusable(index: number, why: string, cause?: unknown): FicusError {
  return new FicusError(
    'FICUS_PEM_UNREADABLE',
    `proxy.identify.assert.keys[${index}] cannot be used: ${why}.`,
    { cause },
  );
}
