/** The node:tls options of an https upstream, with its PEM files read. Called once per upstream, when it is created. */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { UpstreamConfig } from '@ficus/core';
import { readPair, readPem } from '../files/pem-files.ts';

/**
 * @param host of the base URL
 * @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
 */
export function readTlsOptions(tls: UpstreamConfig['tls'], host: string): ConnectionOptions {
  const { ca, cert, key, serverName: name = host, verify = true } = tls ?? {};
  return {
    ALPNProtocols: ['http/1.1'],
    // An address is not a name: SNI must not carry it, but the certificate is still checked against it.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca: readPem(ca, 'tls.ca') }),
    ...(cert === undefined || key === undefined ? {} : readPair({ cert, key }, 'tls')),
    rejectUnauthorized: verify,
  };
}
