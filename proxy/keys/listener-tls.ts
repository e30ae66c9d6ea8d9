/**
 * What a TLS listener needs from files: its certificate, its key, and the authorities of its clients. Read and checked as
 * one: a certificate without its key is refused here, not at the first handshake. Used by the proxy's primary, which
 * passes the texts to its workers, and by the control plane.
 */
import { constants, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { describeFileError, FicusError, type ListenerTlsConfig } from '@ficus/core';

/** PEM texts that fit one another. */
export interface ListenerPems {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
  /** Base64 of what seals the sessions that clients keep: workers that share it resume one another's. */
  readonly ticketKeys?: string | undefined;
}

const TICKET_KEYS_BYTES = 48;

/** With keys of its own for sessions: those from before it are not resumed. */
export function withTicketKeys(pems: ListenerPems): ListenerPems {
  return { ...pems, ticketKeys: randomBytes(TICKET_KEYS_BYTES).toString('base64') };
}

export function arePemsEqual(a: ListenerPems, b: ListenerPems): boolean {
  return a.cert === b.cert && a.key === b.key && a.ca === b.ca;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * @param area config key of `tls`, for messages
 * @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
 */
export function readListenerPems(tls: ListenerTlsConfig, area: string): ListenerPems {
  const [cert, key] = [readPem(tls.cert, `${area}.cert`), readPem(tls.key, `${area}.key`)];
  const ca = tls.ca === undefined ? undefined : readPem(tls.ca, `${area}.ca`);
  readCertificates(cert, `${area}.cert: ${tls.cert}`);
  if (ca !== undefined) readCertificates(ca, `${area}.ca: ${tls.ca}`);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const message = `${area}: ${tls.key} and ${tls.cert} cannot be used together: ${describe(cause)}.`;
    throw new FicusError('FICUS_TLS_INVALID', message, { cause });
  }
  return { cert, key, ca };
}

/** @throws FicusError FICUS_PEM_UNREADABLE */
export function readPem(path: string, key: string): string {
  try {
    return readFileSync(path, 'utf8');
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

/**
 * Options of a server: HTTP/1.1 alone, no renegotiation (CVE-2009-3555, CVE-2011-1473), and clients' certificates from the
 * authorities of the config alone, checked at each connection: a resumed session would keep the certificate of its first
 * handshake, expired or not. Without tickets none is resumed, for Node keeps no sessions of its own.
 */
export function listenerOptions(tls: ListenerTlsConfig, pems: ListenerPems): TlsOptions {
  const { cert, key, ca, ticketKeys } = pems;
  const asksClients = tls.clientAuth !== 'none';
  return {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    ...(ticketKeys === undefined ? {} : { ticketKeys: Buffer.from(ticketKeys, 'base64') }),
    minVersion: tls.minVersion,
    ALPNProtocols: ['http/1.1'],
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (asksClients ? constants.SSL_OP_NO_TICKET : 0),
    requestCert: asksClients,
    rejectUnauthorized: tls.clientAuth === 'require',
  };
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key belongs to another certificate';
  if (
    code === 'ERR_OSSL_BAD_DECRYPT' ||
    code === 'ERR_MISSING_PASSPHRASE' ||
    /interrupted or cancelled/.test(message)
  )
    return 'the key has a passphrase; write it without (openssl pkey -in KEY -out NEW)';
  if (/no start line|unsupported/i.test(message)) return 'one of them is not a PEM file of its kind';
  return message.replace(/\.$/, '');
}
