/** Log lines of the data plane: service, version, time in ISO 8601; one JSON object a line. */

import pino, { type DestinationStream, type Logger } from 'pino';
import { logDestination } from './log-destination.ts';
import { logError } from './log-error.ts';
import { VERSION } from './version.ts';

export function createLogger(
  level: string,
  destination: DestinationStream = logDestination(),
  more: Readonly<Record<string, unknown>> = {},
): Logger {
  const options = {
    level,
    base: { service: 'ficus-proxy', version: VERSION, ...more },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: logError },
  };
  return pino(options, destination);
}
