/** Logs what the control plane of `ficus up` needs and lacks, with its remedy, without delaying anything. */
import { describeError, type FicusConfig } from '@ficus/core';
import type { Logger } from 'pino';
import { preflightConfig } from './preflight-config.ts';

/** Never rejects. */
export async function logPreflight(config: FicusConfig, logger: Logger): Promise<void> {
  try {
    for (const { severity, path, code, message } of await preflightConfig(config, {
      ports: [],
      upstreams: false,
    })) {
      const { remedy, retry } = describeError(code);
      const isError = severity === 'error' && retry !== 'timed';
      logger[isError ? 'error' : 'warn']({ path, code, remedy }, message);
    }
  } catch (error) {
    logger.error({ err: error }, 'preflight failed');
  }
}
