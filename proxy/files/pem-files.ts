/**
 * Certificates and keys from files that a config names: those of listeners, of connections to upstreams and to the control
 * plane. What cannot be used is refused here, not at the first handshake.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describeFileError, FicusError } from '@ficus/core';
import { readSmallFile } from './read-small-file.ts';

/** PEM texts that belong together. */
interface PemPair {
  readonly cert: string;
  readonly key: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * @param files paths
 * @param area config key of both, for messages
 * @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
 */
export function readPair(files: PemPair, area: string): PemPair {
  const [cert, key] = [readPem(files.cert, `${area}.cert`), readPem(files.key, `${area}.key`)];
  const [own] = readCertificates(cert, `${area}.cert: ${files.cert}`);
  try {
    // Before the context: that one tries an empty passphrase, and takes one sealed key in some hundreds for opened by it;
    // and a key of another type than the certificate's it accepts, to fail at each handshake.
    if (!own!.checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key belongs to another certificate');
    createSecureContext({ cert, key });
  } catch (cause) {
    const message = `${area}: ${files.key} and ${files.cert} cannot be used together: ${describe(cause)}.`;
    throw new FicusError('FICUS_TLS_INVALID', message, { cause });
  }
  return { cert, key };
}

/** @throws FicusError FICUS_PEM_UNREADABLE */
export function readPem(path: string, key: string): string {
  try {
    return readSmallFile(path);
  } catch (cause) {
    const message = `${key}: cannot read ${path}: ${describeFileError(cause)}.`;
    throw new FicusError('FICUS_PEM_UNREADABLE', message, { cause });
  }
}

/**
 * The certificates of a PEM text, in its order.
 * @param where for the message
 * @throws FicusError FICUS_TLS_INVALID when there is none, or one cannot be read
 */
export function readCertificates(pem: string, where: string): X509Certificate[] {
  const texts = pem.match(CERTIFICATE) ?? [];
  if (texts.length === 0)
    throw new FicusError('FICUS_TLS_INVALID', `${where} holds no certificate (-----BEGIN CERTIFICATE-----).`);
  return texts.map((text, index) => {
    try {
      return new X509Certificate(text);
    } catch (cause) {
      const message = `${where}: certificate ${index + 1} of ${texts.length} cannot be read.`;
      throw new FicusError('FICUS_TLS_INVALID', message, { cause });
    }
  });
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MISSING_PASSPHRASE' || /interrupted or cancelled/.test(message))
    return 'the key has a passphrase; write it without (openssl pkey -in KEY -out NEW)';
  if (/no start line|unsupported/i.test(message)) return 'one of them is not a PEM file of its kind';
  return message.replace(/\.$/, '');
}
