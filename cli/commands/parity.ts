/** `ficus parity reset`: begins the comparison of a slice's answers again. */
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { paint } from '../output/paint.ts';
import { print, printJson } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';

interface ResetOptions extends CommonOptions {
  readonly reason?: string;
}

const HELP = `
Forgets the verdicts and samples of the slice, those about earlier versions of the candidate too: guards then need new
evidence. The audit keeps what the counts were. Evidence about a new version of the candidate begins by itself where
candidate.version or candidate.versionHeader says which one answers.

Example:
  ficus parity reset notifications --reason "the candidate's clock was wrong"`;

export function addParity(program: Command): void {
  const parity = program.command('parity').description('the comparison of answers');
  withCommonOptions(parity.command('reset').description('starts the comparison of a slice again'))
    .argument('<slice>', 'the slice')
    .option('-r, --reason <text>', 'why, for the audit')
    .addHelpText('after', HELP)
    .action(reset);
}

async function reset(name: string, options: ResetOptions): Promise<void> {
  const control = connectControl(await loadReachable(options.config, name, warn));
  const before = (await control.slice(name)).parity;
  const after = (await control.resetParity(name, options.reason)).parity;
  if (options.json) {
    printJson({
      ok: true,
      slice: name,
      since: after.since,
      was: { since: before.since, counts: before.counts },
    });
    return;
  }
  const { compared } = before;
  const forgotten = `${compared.toLocaleString('en-US')} comparison${compared === 1 ? '' : 's'}`;
  print(
    `${paint('green', '✓', process.stdout)} ${name}: ${forgotten} forgotten, comparing again since ${after.since}\n`,
  );
}
