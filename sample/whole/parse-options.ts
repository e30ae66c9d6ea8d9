/** The options of the sample's commands. Wrong usage: one sentence, status 2. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { FicusError } from '@ficus/core';
import { describeFailure, reportFailure } from './explain-failure.ts';

export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(options: T) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    // Node's second sentence is advice about positional arguments, of which there are none.
    const message = `${(error as Error).message.split('. ')[0]}. See --help.`;
    return process.exit(refuseUsage(message, 'json' in options && process.argv.includes('--json')));
  }
}

/** Reports what is wrong with the options; returns the exit status. */
export function refuseUsage(message: string, json = false): number {
  return reportFailure(describeFailure(new FicusError('FICUS_USAGE', message)), json);
}
