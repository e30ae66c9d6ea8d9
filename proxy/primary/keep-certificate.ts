/** The certificate of the proxy's own listener: where a renewed one goes, and where a refused one is reported. */
import type { FicusConfig } from '@ficus/core';
import type { Logger } from 'pino';
import { CertificateKeeper } from '../config-file/certificate-keeper.ts';
import type { ConfigHolder } from './config-holder.ts';
import type { Workers } from './workers.ts';

/**
 * Undefined without `proxy.tls`.
 * @throws FicusError FICUS_PEM_UNREADABLE, FICUS_TLS_INVALID
 */
export function keepCertificate(
  { proxy: { tls } }: FicusConfig,
  logger: Logger,
  workers: Pick<Workers, 'send'>,
  holder: Pick<ConfigHolder, 'takeFile'>,
): CertificateKeeper | undefined {
  if (tls === undefined) return undefined;
  return new CertificateKeeper({
    area: 'proxy.tls',
    tls,
    logger,
    onChanged: (pems) => workers.send({ kind: 'certificate', pems }),
    onRefused: (why) => holder.takeFile('proxy.tls', why),
  });
}
