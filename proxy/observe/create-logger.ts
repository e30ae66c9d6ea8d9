/** Log lines of the data plane: service, version, time in ISO 8601; one JSON object a line. */
import { readFileSync } from 'node:fs';
import pino, { type DestinationStream, type Logger } from 'pino';
import { logDestination } from './log-destination.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export function createLogger(
  level: string,
  destination: DestinationStream = logDestination(),
  more: Readonly<Record<string, unknown>> = {},
): Logger {
  const options = {
    level,
    base: { service: 'ficus-proxy', version, ...more },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return pino(options, destination);
}
