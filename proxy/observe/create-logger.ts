/** Log lines of the data plane: service, version, time in ISO 8601; one JSON object a line. */

import pino, { type DestinationStream, type Logger } from 'pino';
import { logDestination } from './log-destination.ts';
import { logError } from './log-error.ts';
import { VERSION } from './version.ts';

interface LineParts {
  readonly write: (line: string) => void;
  /** What stands in each line between its time and its own fields. */
  readonly bindings: string;
}

/** What a line of these loggers consists of, for lines that are written without them. */
export const lineParts = new WeakMap<Logger, LineParts>();

export function createLogger(
  level: string,
  destination: DestinationStream = logDestination(),
  more: Readonly<Record<string, unknown>> = {},
): Logger {
  const base = { service: 'ficus-proxy', version: VERSION, ...more };
  const options = {
    level,
    base,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: logError },
  };
  const logger = pino(options, destination);
  const bindings = `,${JSON.stringify(base).slice(1, -1)}`;
  lineParts.set(logger, { write: (line) => destination.write(line), bindings });
  return logger;
}
