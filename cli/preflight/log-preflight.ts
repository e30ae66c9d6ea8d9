/** Logs what the control plane of `ficus up` lacks, each with its remedy; the start does not wait for it. */
import { type FicusConfig, passesByItself } from '@ficus/core';
import type { Logger } from 'pino';
import { remedyOf } from './name-finding.ts';
import { preflightConfig } from './preflight-config.ts';

/** Never rejects. */
export async function logPreflight(config: FicusConfig, logger: Logger): Promise<void> {
  try {
    for (const finding of await preflightConfig(config, { ports: [], upstreams: false })) {
      const { severity, path, code, message } = finding;
      const remedy = remedyOf({ ...finding, remedySql: undefined });
      const isError = severity === 'error' && !passesByItself(finding);
      logger[isError ? 'error' : 'warn']({ path, code, remedy }, message);
    }
  } catch (error) {
    logger.error({ err: error }, 'preflight failed');
  }
}
