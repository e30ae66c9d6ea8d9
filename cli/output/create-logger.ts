/**
 * The logger of the commands that stay in the foreground, on standard output: lines for people on a terminal, one JSON
 * object per line elsewhere, or as --log-format says.
 */
import { FicusError } from '@ficus/core';
import { LOG_FORMATS, type LogFormat, logDestination, logError } from '@ficus/proxy';
import { type Command, Option } from 'commander';
import { type Logger, pino } from 'pino';
import { VERSION } from '../version.ts';

const LEVELS = [...Object.keys(pino.levels.values), 'silent'];

export interface LogOptions {
  readonly logFormat?: LogFormat;
}

/** Adds --log-format, which its processes and workers inherit with the environment. */
export function withLogOptions(command: Command): Command {
  const option = new Option(
    '--log-format <format>',
    'of the log: lines for people (default on a terminal), or json',
  );
  return command.addOption(option.choices(LOG_FORMATS)).hook('preAction', (_, called) => {
    const { logFormat } = called.opts<LogOptions>();
    if (logFormat) process.env.FICUS_LOG_FORMAT = logFormat;
  });
}

/** @throws FicusError FICUS_USAGE when FICUS_LOG_LEVEL or FICUS_LOG_FORMAT is not one */
export function createLogger(service: string): Logger {
  const level = process.env.FICUS_LOG_LEVEL || 'info';
  if (!LEVELS.includes(level))
    throw new FicusError('FICUS_USAGE', `FICUS_LOG_LEVEL is one of ${LEVELS.join(', ')}, not “${level}”.`);
  const format = process.env.FICUS_LOG_FORMAT;
  if (format && !(LOG_FORMATS as readonly string[]).includes(format))
    throw new FicusError(
      'FICUS_USAGE',
      `FICUS_LOG_FORMAT is one of ${LOG_FORMATS.join(', ')}, not “${format}”.`,
    );
  const options = {
    level,
    base: { service, version: VERSION },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: logError },
  };
  return pino(options, logDestination());
}
