/** The options of the sample's commands. Used wrongly: one sentence, status 2. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(options: T) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    // Node's second sentence is advice about positional arguments, of which there are none.
    console.error(`error: ${(error as Error).message.split('. ')[0]}. See --help.`);
    return process.exit(2);
  }
}
