/**
 * The `ficus` command: one file per command in commands/, one boundary here where errors become exit statuses. 0 done ·
 * 1 the answer is no · 2 used wrongly · 3 could not be carried out.
 */
import { FicusError } from '@ficus/core';
import { type Command, CommanderError } from 'commander';
import { reportFailure } from './output/report-failure.ts';
import { watchOutputs } from './output/watch-outputs.ts';
import { buildProgram } from './program.ts';

/** Runs one command line; sets the exit status and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json');
  watchOutputs();
  let slice: string | undefined;
  try {
    const program = buildProgram().hook('preAction', (_, called) => {
      slice = argumentOf(called, 'slice');
    });
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // --help and --version end this way too, with status 0; commander has written its message already.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      if (json && error.exitCode !== 0) reportFailure(toUsage(error), { json });
      return;
    }
    process.exitCode = reportFailure(error, { json, slice });
  }
}

function argumentOf({ registeredArguments, args }: Command, name: string): string | undefined {
  return args[registeredArguments.findIndex((argument) => argument.name() === name)];
}

function toUsage({ message }: CommanderError): FicusError {
  return new FicusError('FICUS_USAGE', message.replace(/^error: /, ''));
}
