/** `ficus cutover` and `ficus rollback`: change the owner of a slice's writes, watched step by step. */
import type { AttemptView, ControlClient, CutoverView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { type Command, Option } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { beginAttempt, type Operation } from '../cutover/begin-attempt.ts';
import { followAttempt } from '../cutover/follow-attempt.ts';
import { askName, requireAnswerable } from '../output/ask-name.ts';
import { formatAttempt, formatRehearsal } from '../output/format-attempt.ts';
import { paint } from '../output/paint.ts';
import { showAttempt } from '../output/show-attempt.ts';
import { print, printError, printJson } from '../output/terminal.ts';
import { abortOnSignal } from '../output/until-signal.ts';
import { warn } from '../output/warn.ts';

interface ChangeOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly resume?: boolean;
  readonly wayBack?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
}

const EXITS = `
Ctrl-C stops watching, not the attempt; \`ficus status SLICE\` shows its outcome. So does a control plane that goes away: when it
starts again, it undoes an attempt that is not in its journal yet, and completes one that is.

Exit status: 0 done, or with --dry-run possible; nothing to resume · 1 refused or abandoned, with each reason and what to do:
everything is as it was; or watching was stopped · 2 used wrongly · 3 could not be carried out, another attempt is under way,
or you did not agree`;

const CUTOVER_HELP = `
The candidate's database becomes the owner of the slice's writes; the legacy follows by the stream back, until
\`ficus retire SLICE\`. No request fails: for a moment, usually well below a second, the proxies hold writes; reads continue.

  arm        looks at both databases, without an outage: fences, sequences, the stream back, a comparison, who else writes
  lease      every proxy acknowledges the attempt
  hold       proxies hold new writes; those under way end
  fence      the owner's database refuses writers that come past the proxies: jobs, consoles
  barrier    the stream has applied everything written before
  verify     the rows changed since the last comparison are equal
  sequences  no key can be given twice
  journal    owner and epoch change: the point of no return
  lift, release, check   the held writes go to the new owner; the rows are compared again

Whatever fails before the journal, or would make writes wait for more than two seconds, leaves everything as it was. After it
there is only forward. Run --dry-run first: it makes arm and lease, says what would prevent a cutover, what cannot be held
(uploads and streams that do not end), and about how long writes would wait, part by part. It holds nothing.

A mapping without \`reverse\` has no way back: --no-way-back accepts it, and asks for the slice's name (--yes does not ask).
--resume ends what an interrupted attempt left, forward or back, as the journal says; also a rollback.
docs/operations/cutover.md is the runbook.
${EXITS}

Examples:
  ficus cutover notifications --dry-run
  ficus cutover notifications --reason "release 41"
  ficus cutover notifications --resume`;

const ROLLBACK_HELP = `
The legacy's database becomes the owner of the slice's writes again, by the steps of \`ficus cutover\` with the sides exchanged:
what was written on the candidate since is in the legacy's database, and proven to be. While the stream back does not run,
it is refused, with what would be lost. \`ficus status SLICE\` says at any time whether the way back is open.

The serve flag stays as it is: reads come back with \`ficus serve SLICE 0\`. After \`ficus retire SLICE\` there is no way back.
${EXITS}

Examples:
  ficus rollback notifications --dry-run
  ficus rollback notifications --reason "answers are slow"`;

export const addCutover = (program: Command): void =>
  addChange(
    program,
    'cutover',
    'makes the candidate the owner of a slice’s writes',
    CUTOVER_HELP,
    (command) =>
      command
        .addOption(
          new Option('--no-way-back', 'accept that a rollback would lose what is written afterwards'),
        )
        .option('-y, --yes', 'with --no-way-back: do not ask'),
  );

export const addRollback = (program: Command): void =>
  addChange(program, 'rollback', 'makes the legacy the owner of a slice’s writes again', ROLLBACK_HELP);

function addChange(
  program: Command,
  operation: Operation,
  description: string,
  help: string,
  addOwn: (command: Command) => Command = (command) => command,
): void {
  const command = withCommonOptions(program.command(operation).description(description))
    .argument('<slice>', 'the slice')
    .option('--dry-run', 'everything up to the hold: what would happen, and about how long writes would wait')
    .addOption(
      new Option('--resume', 'end what an interrupted attempt left').conflicts(['dryRun', 'reason']),
    );
  addOwn(command)
    .option('-r, --reason <text>', 'why, for the audit')
    .addHelpText('after', help)
    .action((slice: string, options: ChangeOptions) => change(operation, slice, options));
}

async function change(operation: Operation, slice: string, options: ChangeOptions): Promise<void> {
  const noWayBack = options.wayBack === false && !options.resume;
  if (noWayBack)
    requireAnswerable(options, 'with --no-way-back, what is written afterwards cannot be brought back');
  const control = connectControl(await loadReachable(options.config, slice, warn));
  if (noWayBack && !options.yes && !(await askName(NO_WAY_BACK, slice))) {
    printError('Nothing was changed.\n');
    process.exitCode = 3;
    return;
  }
  const { dryRun = false, reason = '' } = options;
  const wish = { dryRun, noWayBack, confirm: noWayBack ? slice : '', reason };
  // From here on an interrupt stops the watching alone.
  const signal = abortOnSignal();
  if (options.resume) return resume(control, slice, signal, options.json);
  const begun = await beginAttempt(control, operation, slice, wish);
  const view = await watchAttempt(control, begun, signal, options.json);
  await tellEnd(control, view, options.json);
}

/** An attempt that had ended before is no answer to it. */
async function resume(
  control: ControlClient,
  slice: string,
  signal: AbortSignal,
  json = false,
): Promise<void> {
  const begun = await control.resumeCutover(slice);
  if (!isOver(begun)) return tellEnd(control, await watchAttempt(control, begun, signal, json), json);
  const { owner, epoch, inconsistency, repair } = begun;
  const fits = inconsistency === null;
  if (json) printJson({ ok: fits, ...begun });
  else if (fits)
    print(
      `${paint('green', '✓', process.stdout)} Nothing to resume: the ${owner} owns the writes of ${printable(slice)}, epoch ${epoch}.\n`,
    );
  else {
    const what = repair ? ` Repair it: ${repair}` : '';
    print(`${paint('red', '✗', process.stdout)} ${printable(`${inconsistency}${what}`)}\n`);
  }
  process.exitCode = fits ? 0 : 3;
}

const isOver = ({ attempt }: CutoverView): boolean => attempt === null || attempt.finishedAt !== null;

const NO_WAY_BACK =
  'What is written after this cutover is on the candidate alone, and a rollback would lose it.';

/** The end; or, when watching was stopped, what was seen last. */
async function watchAttempt(
  control: ControlClient,
  begun: CutoverView,
  signal: AbortSignal,
  json = false,
): Promise<CutoverView> {
  if (isOver(begun)) return begun;
  const shown = showAttempt(begun, json);
  try {
    return await followAttempt(control, {
      begun,
      signal,
      onProgress: shown.update,
      onAway: shown.away,
    });
  } finally {
    shown.end();
  }
}

async function tellEnd(control: ControlClient, view: CutoverView, json = false): Promise<void> {
  const { attempt } = view;
  const isGood = attempt?.state === 'done' || attempt?.state === 'rehearsed';
  if (json) printJson({ ok: isGood, ...view });
  else if (attempt) print(`${[describeEnd(view, attempt), ...(await lossesOf(control, view))].join('\n')}\n`);
  process.exitCode = isGood ? 0 : 1;
}

function describeEnd(view: CutoverView, attempt: AttemptView): string {
  if (attempt.finishedAt === null)
    return `The ${attempt.operation} continues in the background; see its outcome with: ficus status ${view.slice}`;
  return attempt.dryRun ? formatRehearsal(view, attempt) : formatAttempt(view, attempt);
}

/** A refused way back says what it would lose. */
async function lossesOf(control: ControlClient, { slice, attempt }: CutoverView): Promise<string[]> {
  if (attempt?.operation !== 'rollback' || attempt.failure === null || attempt.finishedAt === null) return [];
  const { rollback } = await control.slice(slice);
  return rollback.answer === 'pass' ? [] : ['', `  way back  ${printable(rollback.text)}`];
}
