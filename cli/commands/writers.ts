/** `ficus writers`: who changes a slice's tables besides the proxy. */
import type { WritersView } from '@ficus/contract';
import { type Command, Option } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { formatWriters } from '../output/format-writers.ts';
import { print, printJson } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';

interface WritersOptions extends CommonOptions {
  readonly observe?: boolean;
  readonly again?: boolean;
  readonly stop?: boolean;
  readonly reason?: string;
}

const HELP = `
A cutover moves the writes that come through the proxy. A job, a person with psql, another service or a timer inside the
monolith writes past it, and is refused by the fence afterwards. This command finds them before.

--observe puts the slice's fences into both databases (triggers on its tables; nothing is refused) and lets them record each
session that writes: user, application_name, address, table, kind of statement, the statement without its values; at most once
a minute each. The role of legacy.database and of candidate.database must own the tables, or an administrator runs the SQL that
the error prints. What was found survives restarts; --again forgets it. --stop ends the recording and leaves the triggers:
\`ficus remove SLICE\` takes them away.

Each writer is compared with slices.NAME.writers of ficus.yaml:

  writers:
    - { application: "puma*", via: proxy, reason: the monolith's pool }
    - { user: importer, address: 10.1.0.0/16, via: other, reason: nightly import; moves to the service before the cutover }

  via: proxy   the pool of the monolith. Its writes are explained while a request that writes is under way in a proxy. Others
               stay unexplained: a timer inside the monolith, or a read that writes, of which the routes are named.
  via: other   any other program. It is explained; after the cutover the fence refuses it.

On the side that does not own the slice only the stream may write. docs/operations/writers.md: what this cannot see.

Exit status: 0 all writers are explained, and were observed for slices.NAME.writersObservedMs (an hour); with --observe, --again
or --stop: it was done · 1 not all are explained, or not observed for so long · 3 could not be carried out

Examples:
  ficus writers notifications --observe --reason "before the cutover in May"
  ficus writers notifications
  ficus writers notifications --again
  ficus writers notifications --stop`;

export function addWriters(program: Command): void {
  withCommonOptions(program.command('writers').description('who else changes the tables of a slice'))
    .argument('<slice>', 'the slice')
    .addOption(new Option('--observe', 'begin to record who writes, on both sides').conflicts('stop'))
    .addOption(new Option('--again', 'forget what was found, and begin again').conflicts('stop'))
    .option('--stop', 'end the recording')
    .option('-r, --reason <text>', 'why, for the audit')
    .addHelpText('after', HELP)
    .action(writers);
}

async function writers(slice: string, options: WritersOptions): Promise<void> {
  const control = connectControl(await loadReachable(options.config, slice, warn));
  const { observe = false, again = false, stop = false, reason } = options;
  const isAsked = !(observe || again || stop);
  const view: WritersView = isAsked
    ? await control.writers(slice)
    : await control.observeWriters(slice, { on: !stop, again, reason });
  // What cannot be begun or ended is an error: a recording that has just begun has done what was wanted of it.
  const ok = isAsked ? view.answer === 'pass' : view.observing === !stop;
  if (options.json) printJson({ ok, ...view });
  else print(`${formatWriters(view)}\n`);
  process.exitCode = ok ? 0 : 1;
}
