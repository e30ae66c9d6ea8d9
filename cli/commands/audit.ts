/** `ficus audit`: who changed what, when, from what, to what, why. */
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { parseCount } from '../config/parse-count.ts';
import { describeChange } from '../output/describe-change.ts';
import { fitTable } from '../output/fit-table.ts';
import { print, printJson, widthOf } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';

interface AuditOptions extends CommonOptions {
  readonly limit: number;
}

const HELP = `
Newest first. Who: the name of the token that was used (control.tokens, or control.token), and in parentheses the name that
the caller gave, by default that of its user account, or else its address; without tokens, only that name, which nothing
proves. “unknown” is an earlier version’s word for a caller that gave none. A terminal gets rows that fit it, a pipe one
line for each entry.
Every flip of a flag, copy and reset is recorded with the change it made.

Examples:
  ficus audit
  ficus audit notifications --limit 10`;

export function addAudit(program: Command): void {
  withCommonOptions(program.command('audit').description('who changed what, when, why'))
    .argument('[slice]', 'only this slice')
    .option('-n, --limit <count>', 'maximum number of entries, up to 1000', parseCount(1000), 50)
    .addHelpText('after', HELP)
    .action(audit);
}

async function audit(slice: string | undefined, options: AuditOptions): Promise<void> {
  const config = await loadReachable(options.config, slice, warn);
  const entries = await connectControl(config).audit({
    limit: options.limit,
    ...(slice ? { slice } : {}),
  });
  if (options.json) {
    printJson({ entries });
    return;
  }
  const rows = entries.map((entry) => [
    entry.at,
    entry.actor,
    entry.action,
    entry.slice ?? '',
    describeChange(entry),
    entry.reason,
  ]);
  print(`${fitTable(['when', 'who', 'what', 'slice', 'change', 'why'], rows, widthOf())}\n`);
}
