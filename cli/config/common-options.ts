/** Options of every command. */
import type { Command } from 'commander';

export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

export function withCommonOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration', 'ficus.yaml')
    .option('--json', 'one JSON document on standard output; errors too')
    .exitOverride();
}
