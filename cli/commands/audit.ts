/** `ficus audit`: who changed what, when, from what, to what, why. */
import type { AuditEntryView } from '@ficus/contract';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { parseCount } from '../config/parse-count.ts';
import { formatTable } from '../output/format-table.ts';
import { print, printJson } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';

interface AuditOptions extends CommonOptions {
  readonly limit: number;
}

const HELP = `
Newest first. Who: the name of the token that was used (control.tokens, or control.token), and in parentheses the name that
the caller gave; without tokens, only that name, which nothing proves.
Every flip of a flag, copy and reset is recorded with the change it made.

Examples:
  ficus audit
  ficus audit notifications --limit 10`;

const DOUBTS = { refused: 'refused, not made', unknown: 'outcome unknown' };

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
  print(`${formatTable(['when', 'who', 'what', 'slice', 'change', 'why'], rows)}\n`);
}

/** A copy changes no value: there is nothing to show. */
function describeChange({ was, became, outcome }: AuditEntryView): string {
  const change = was === null && became === null ? '' : `${JSON.stringify(was)} → ${JSON.stringify(became)}`;
  return outcome === 'made' ? change : `${change} (${DOUBTS[outcome]})`.trim();
}
