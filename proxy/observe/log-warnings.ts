/** What a config in use leaves weak, a line each: a running system's users read its log, and seldom run `ficus check`. */
import { type FicusConfig, formatPath, formatProblem, warnAboutConfig } from '@ficus/core';
import type { Logger } from 'pino';

export function logWarnings(config: FicusConfig, logger: Logger): void {
  for (const problem of warnAboutConfig(config))
    logger.warn({ code: 'FICUS_CONFIG_WEAK', path: formatPath(problem.path) }, formatProblem(problem));
}
