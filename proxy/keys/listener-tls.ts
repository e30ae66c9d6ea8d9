/**
 * What a TLS listener needs from files: its certificate, its key, and the authorities of its clients. Read and checked as
 * one: a certificate without its key is refused here, not at the first handshake. Used by the proxy's primary, which
 * passes the texts to its workers, and by the control plane.
 */
import { constants, randomBytes } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { ListenerTlsConfig } from '@ficus/core';
import { readCertificates, readPair, readPem } from '../files/pem-files.ts';

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

/**
 * @param area config key of `tls`, for messages
 * @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
 */
export function readListenerPems(tls: ListenerTlsConfig, area: string): ListenerPems {
  const pair = readPair(tls, area);
  const ca = tls.ca === undefined ? undefined : readPem(tls.ca, `${area}.ca`);
  if (ca !== undefined) readCertificates(ca, `${area}.ca: ${tls.ca}`);
  return { ...pair, ca };
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
