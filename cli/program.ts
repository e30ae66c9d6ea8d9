/** Puts the commands together; `ficus --help` lists them in the order of a migration. */
import { Command } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addCutover, addRollback } from './commands/change-owner.ts';
import { addCheck } from './commands/check.ts';
import { addCompletion } from './commands/completion.ts';
import { addControl } from './commands/control.ts';
import { addCopy } from './commands/copy.ts';
import { addExplain } from './commands/explain.ts';
import { addServe, addShadow } from './commands/flip.ts';
import { addInit } from './commands/init.ts';
import { addParity } from './commands/parity.ts';
import { addProxy } from './commands/proxy.ts';
import { addRemove, addUninstall } from './commands/remove.ts';
import { addRetire } from './commands/retire.ts';
import { addStatus } from './commands/status.ts';
import { addUp } from './commands/up.ts';
import { addVerify } from './commands/verify.ts';
import { addWriters } from './commands/writers.ts';
import { VERSION } from './version.ts';

const EXIT_STATUSES = `
Exit status:
  0  done
  1  the answer is no: the config has errors, a comparison found differences, a guard refuses
  2  used wrongly
  3  could not be carried out: a database cannot be reached, a port is taken, the control plane does not answer

Every command takes --config FILE (default ficus.yaml) and --json for one JSON document on standard output.
Logs go to standard error; proxy, control and up, whose log is their output, write it to standard output: lines for people
on a terminal, elsewhere one JSON object per line (--log-format, FICUS_LOG_FORMAT). FICUS_LOG_LEVEL (debug, info,
warn, error) sets how much; the line with the address appears at any level.
See also docs/config.md and docs/errors.md, in the package @ficus/cli.`;

/** A fresh program; nothing is shared between two of them. */
export function buildProgram(): Command {
  const program = new Command('ficus')
    .description(
      'Moves HTTP routes of a monolith, together with their data, to new services — step by step, with a way back.',
    )
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('  See the command with --help. (FICUS_USAGE)')
    .addHelpText('after', EXIT_STATUSES);
  for (const add of [
    addInit,
    addCheck,
    addProxy,
    addControl,
    addUp,
    addStatus,
    addExplain,
    addShadow,
    addServe,
    addCopy,
    addVerify,
    addWriters,
    addCutover,
    addRollback,
    addRetire,
    addParity,
    addAudit,
    addRemove,
    addUninstall,
    addCompletion,
  ]) {
    add(program);
  }
  return program;
}
