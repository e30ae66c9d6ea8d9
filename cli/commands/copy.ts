/** `ficus copy`: the first copy of a slice's tables, watched until it is complete. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient, CopyView, ReplicationView } from '@ficus/contract';
import { FicusError, printable, readErrorCode } from '@ficus/core';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { canAsk } from '../output/ask-line.ts';
import { askYes } from '../output/ask-yes.ts';
import { counted } from '../output/counted.ts';
import { formatCopy } from '../output/format-copy.ts';
import { paint } from '../output/paint.ts';
import { type Progress, showProgress } from '../output/show-progress.ts';
import { print, printError, printJson } from '../output/terminal.ts';
import { abortOnSignal } from '../output/until-signal.ts';
import { warn } from '../output/warn.ts';

interface CopyOptions extends CommonOptions {
  readonly restart?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

const LOOK_EVERY_MS = 500;
/** A stopped stream tries again each second: what was just fixed needs this many looks to show. */
const STOPPED_LOOKS = 6;
const RUNNING: ReadonlySet<ReplicationView['state']> = new Set(['streaming', 'standby', 'reconnecting']);

const HELP = `
\`ficus up\` copies by itself; this command follows the copy, resumes one that has given up, or with --restart empties the
candidate's tables and starts again (refused while the candidate serves users). That is asked first; without a terminal, and with
--json, it takes --yes. Ctrl-C stops following, not the copy.

Exit status: 0 copied, and the stream runs · 1 not complete yet, following was stopped · 2 used wrongly · 3 the stream is
stopped, or you did not agree

Examples:
  ficus copy notifications
  ficus copy notifications --restart --reason "the slot was lost"
  ficus copy notifications --restart --yes --json`;

export function addCopy(program: Command): void {
  withCommonOptions(
    program.command('copy').description('first copy of a slice’s tables, watched until it is complete'),
  )
    .argument('<slice>', 'the slice')
    .option('--restart', 'empty the candidate’s tables and copy the rows again')
    .option('-y, --yes', 'with --restart: do not ask')
    .option('-r, --reason <text>', 'why, for the audit')
    .addHelpText('after', HELP)
    .action(copy);
}

async function copy(slice: string, options: CopyOptions): Promise<void> {
  const asks = options.restart === true && !options.yes;
  if (asks && !canAsk(options))
    throw new FicusError(
      'FICUS_USAGE',
      'Without a terminal to ask on, give --yes: --restart empties the candidate’s tables.',
    );
  const config = await loadReachable(options.config, slice, warn);
  const control = connectControl(config);
  if (asks && !(await mayEmpty(control, slice))) {
    printError('Nothing was changed.\n');
    process.exitCode = 3;
    return;
  }
  const { emptied = [] } = await control.copy(slice, {
    restart: options.restart ?? false,
    reason: options.reason ?? '',
  });
  if (!options.json && emptied.length > 0) print(describeEmptied(emptied));
  const progress = showProgress(`copy ${slice}`);
  const view = await watchCopy(control, slice, progress).finally(() => progress.end());
  if (options.json) printJson({ ok: view.copied, ...view, emptied });
  else if (view.copied && RUNNING.has(view.state))
    print(`${paint('green', '✓', process.stdout)} ${slice} is copied; the stream is ${view.state}\n`);
  else print(`The copy continues in the background; follow it with: ficus copy ${slice}\n`);
  if (!view.copied) process.exitCode = 1;
}

/** A slice without tables has nothing to ask about: the control plane refuses. */
async function mayEmpty(control: ControlClient, slice: string): Promise<boolean> {
  const tables = (await control.slice(slice)).tables.map(({ to }) => to);
  if (tables.length === 0) return true;
  return askYes(
    `Empty ${printable(tables.join(', '))} of the candidate of ${slice}, and copy the rows again?`,
  );
}

/** An older control plane does not say it. */
export function describeEmptied(emptied: CopyView['emptied']): string {
  return emptied
    .map(
      ({ table, rows }) =>
        `emptied ${table}: ${rows > 100_000 ? 'more than 100,000 rows' : counted(rows, 'row')}\n`,
    )
    .join('');
}

async function watchCopy(
  control: ControlClient,
  slice: string,
  progress: Progress,
): Promise<ReplicationView> {
  const stopped = abortOnSignal();
  for (let retriesLeft = STOPPED_LOOKS; ; ) {
    const view = await control.replication(slice);
    if (view.state === 'stopped' && view.problem && --retriesLeft <= 0)
      throw new FicusError(
        readErrorCode(view.problem.code),
        `${view.copied ? `The first copy of ${slice} is complete, but its stream is stopped: ` : ''}${view.problem.message}`,
      );
    if (stopped.aborted || (view.copied && RUNNING.has(view.state))) return view;
    if (view.copy) progress.update(formatCopy(view.copy), view.copy.percent / 100);
    else progress.update(view.problem ? `${view.state}: ${view.problem.message}` : view.state);
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}
