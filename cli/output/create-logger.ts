/** The logger of the commands that stay in the foreground: one JSON object a line on standard output. */
import { type Logger, pino } from 'pino';
import { VERSION } from '../version.ts';

export function createLogger(service: string): Logger {
  return pino({
    level: process.env.FICUS_LOG_LEVEL ?? 'info',
    base: { service, version: VERSION },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
