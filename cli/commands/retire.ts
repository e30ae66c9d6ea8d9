/** `ficus retire`: the candidate owns a slice for good. */
import type { CutoverView, SliceView } from '@ficus/contract';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { askName, requireAnswerable } from '../output/ask-name.ts';
import { formatRetired, remainsOf } from '../output/format-retired.ts';
import { print, printError, printJson } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';

interface RetireOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly reason?: string;
}

const HELP = `
Ends a slice's migration, once the candidate owns its writes and nobody wants the way back any more. Both streams end, and
with them what they have made: slots, publications and checkpoints on both servers, so that neither keeps WAL for them. The rows stay on both sides,
and so does the legacy's fence: what still writes there is refused, and is not lost unnoticed. The legacy's rows no longer follow.

This cannot be undone. The slice's name is asked for; without a terminal, and with --json, it takes --yes. Reads that the serve
flag still leaves on the legacy come to the candidate, too. Afterwards it says what is left to delete in the monolith.

Exit status: 0 retired, also when it was already · 1 refused: the legacy owns the slice · 2 used wrongly · 3 could not be carried
out, a cutover or rollback is under way, or you did not agree

Examples:
  ficus retire notifications --reason "three quiet weeks"
  ficus retire notifications --yes --json`;

export function addRetire(program: Command): void {
  withCommonOptions(
    program.command('retire').description('ends the way back of a slice that was cut over, for good'),
  )
    .argument('<slice>', 'the slice')
    .option('-y, --yes', 'do not ask')
    .option('-r, --reason <text>', 'why, for the audit')
    .addHelpText('after', HELP)
    .action(retire);
}

async function retire(slice: string, options: RetireOptions): Promise<void> {
  requireAnswerable(options, 'there is no way back afterwards');
  const control = connectControl(await loadReachable(options.config, slice, warn));
  const before = await control.slice(slice);
  if (!options.yes && !(await askName(questionOf(before), slice))) {
    printError('Nothing was changed.\n');
    process.exitCode = 3;
    return;
  }
  const view: CutoverView = await control.retire(slice, { confirm: slice, reason: options.reason ?? '' });
  const remains = remainsOf(before);
  if (options.json) printJson({ ok: true, ...view, remains });
  else print(`${formatRetired(view, remains)}\n`);
}

const questionOf = ({ name, tables }: SliceView): string =>
  `Both streams of ${name} end: the legacy’s rows of ${tables.map(({ from }) => from).join(', ')} no longer follow, and there is no way back.`;
