/** Logs what the control plane of `ficus up` lacks, each with its remedy; the start does not wait for it. */
import { describeError, type FicusConfig, passesByItself } from '@ficus/core';
import type { Logger } from 'pino';
import { preflightConfig } from './preflight-config.ts';

/** Never rejects. */
export async function logPreflight(config: FicusConfig, logger: Logger): Promise<void> {
  try {
    for (const finding of await preflightConfig(config, { ports: [], upstreams: false })) {
      const { severity, path, code, message } = finding;
      const { remedy } = describeError(code);
      const isError = severity === 'error' && !passesByItself(finding);
      logger[isError ? 'error' : 'warn']({ path, code, remedy }, message);
    }
  } catch (error) {
    logger.error({ err: error }, 'preflight failed');
  }
}
