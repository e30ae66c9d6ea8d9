/** The node:tls options of an https upstream, with its PEM files read. Called once per upstream, when it is created. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { FicusError, type UpstreamConfig } from '@ficus/core';

/**
 * @param host of the base URL
 * @throws FicusError FICUS_PEM_UNREADABLE when a PEM file cannot be read
 */
export function readTlsOptions(tls: UpstreamConfig['tls'], host: string): ConnectionOptions {
  const name = tls?.serverName ?? host;
  return {
    ALPNProtocols: ['http/1.1'],
    // An address is not a name: SNI must not carry it, but the certificate is still checked against it.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls?.ca === undefined ? {} : { ca: readPem('tls.ca', tls.ca) }),
    ...(tls?.cert === undefined ? {} : { cert: readPem('tls.cert', tls.cert) }),
    ...(tls?.key === undefined ? {} : { key: readPem('tls.key', tls.key) }),
    rejectUnauthorized: tls?.verify ?? true,
  };
}

function readPem(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FicusError('FICUS_PEM_UNREADABLE', `The PEM file of ${key} cannot be read: ${path}`, { cause });
  }
}
