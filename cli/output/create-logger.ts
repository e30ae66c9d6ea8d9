/** The logger of the commands that stay in the foreground: one JSON object per line on standard output. */
import { FicusError } from '@ficus/core';
import { logDestination, logError } from '@ficus/proxy';
import { type Logger, pino } from 'pino';
import { VERSION } from '../version.ts';

const LEVELS = [...Object.keys(pino.levels.values), 'silent'];

/** @throws FicusError FICUS_USAGE when FICUS_LOG_LEVEL is not a level */
export function createLogger(service: string): Logger {
  const level = process.env.FICUS_LOG_LEVEL || 'info';
  if (!LEVELS.includes(level))
    throw new FicusError('FICUS_USAGE', `FICUS_LOG_LEVEL is one of ${LEVELS.join(', ')}, not “${level}”.`);
  const options = {
    level,
    base: { service, version: VERSION },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: logError },
  };
  return pino(options, logDestination());
}
