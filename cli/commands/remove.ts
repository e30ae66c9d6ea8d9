/** `ficus remove` and `ficus uninstall`: take away what Ficus has made in the databases, and say what is left. */
import { defaultActor } from '@ficus/contract';
import {
  type ControlRecords,
  loadRemoval,
  type Removal,
  type RemovalOutcome,
  type RemovalWish,
  type StepOutcome,
} from '@ficus/control';
import { type FicusConfig, FicusError } from '@ficus/core';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { findLeftRecord } from '../config/left-record.ts';
import { loadConfig } from '../config/load-config.ts';
import { canAsk } from '../output/ask-line.ts';
import { askYes } from '../output/ask-yes.ts';
import { formatRemoval, placeOf, remnantsOf } from '../output/format-removal.ts';
import { paint } from '../output/paint.ts';
import { print, printError, printJson, printScript } from '../output/terminal.ts';

interface RemoveOptions extends CommonOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly slot?: string;
  readonly candidateDatabase?: string;
}

const EXITS = `
Exit status: 0 nothing of it is left · 2 used wrongly · 3 in use, or something is left: the output says what. It can be run
again at any time, and continues with what is left.`;

const REMOVE_HELP = `
Removes what Ficus has made for a slice: slot and publication in the legacy's database, checkpoint and progress of the copy
in the candidate's (with the last slice the schema ficus), flags and state in the control database. The rows that were
copied stay, and so does the audit. Roles stay, too: the output has the SQL for an administrator.

Take the slice out of ficus.yaml first, or stop the control plane: a slice whose stream runs is refused. A slice that has
left the config is still known from the control database.

--dry-run prints the SQL with what it would do, and changes nothing: it is the SQL that is run, and can be run by hand.
${EXITS}

Examples:
  ficus remove notifications --dry-run
  ficus remove notifications
  PGPASSWORD=… ficus remove notifications --candidate-database postgres://writer@db/notifications
  ficus remove notifications --slot ficus_notifications_0a1b2c3d`;

const UNINSTALL_HELP = `
Removes what Ficus has made in all databases, as \`ficus remove\` does for each slice, and then the schema ficus_control with
flags, state and audit, and at last the files in which a proxy of this machine keeps this installation's last known flags
and owners (flags.backup): otherwise the next \`ficus up\` would start with them; and what a killed proxy has left in .ficus. Stop \`ficus up\` or \`ficus control\` first. ficus.yaml,
flags in a file or in Unleash, and settings of the servers (wal_level) are yours, and stay.
${EXITS}

Examples:
  ficus uninstall --dry-run
  ficus uninstall --yes`;

export function addRemove(program: Command): void {
  withRemovalOptions(program.command('remove').description('removes what a slice has in the databases'))
    .argument('<slice>', 'the slice, also one that has left the config')
    .option('--slot <name>', 'only this replication slot of the slice, in the legacy’s database')
    .option(
      '--candidate-database <url>',
      'where the slice’s tables were copied to, when the config no longer says so',
    )
    .option('-r, --reason <text>', 'why, for the audit')
    .addHelpText('after', REMOVE_HELP)
    .action(remove);
}

export function addUninstall(program: Command): void {
  withRemovalOptions(program.command('uninstall').description('removes what Ficus has made in all databases'))
    .addHelpText('after', UNINSTALL_HELP)
    .action((options: RemoveOptions) => remove(undefined, options));
}

function withRemovalOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('--dry-run', 'print the SQL, change nothing')
    .option('-y, --yes', 'do not ask');
}

async function remove(slice: string | undefined, options: RemoveOptions): Promise<void> {
  if (!options.dryRun && !options.yes && !canAsk(options))
    throw new FicusError(
      'FICUS_USAGE',
      'Without a terminal to ask on, give --yes, or --dry-run to see the SQL.',
    );
  const config = await loadConfig(options.config);
  const wish: RemovalWish = {
    config,
    slice,
    slot: options.slot,
    candidateDatabase: options.candidateDatabase,
    actor: defaultActor() ?? 'not named',
    reason: options.reason ?? '',
    left: await findLeftRecord(options.config),
  };
  if (options.dryRun) return plan(wish, false, async (removal) => showPlan(removal, options));
  // While the question waits, nothing is locked: a control plane may start, and a stream continue.
  const agreed = options.yes ? undefined : await plan(wish, false, ask);
  if (agreed === false) {
    printError('Nothing was removed.\n');
    process.exitCode = 3;
    return;
  }
  await plan(wish, true, async (removal) => {
    if (agreed !== undefined && agreed !== sqlOf(removal) && !removal.inUse)
      throw new FicusError('FICUS_REMOVE_CHANGED', 'Nothing was removed: the SQL would be another one now.');
    await carryOutAgreed(removal, options);
  });
}

/** @param keepOut whether no control plane may start until `use` has ended */
async function plan<T>(
  wish: RemovalWish,
  keepOut: boolean,
  use: (removal: Removal) => Promise<T>,
): Promise<T> {
  const { planRemoval } = await loadRemoval();
  const records = await openRecords(wish.config, keepOut);
  try {
    return await use(await planRemoval(wish, records));
  } finally {
    await records?.close();
  }
}

/** Undefined without a control database, or while it is away: then the plan says so. */
async function openRecords({ control }: FicusConfig, keepOut: boolean): Promise<ControlRecords | undefined> {
  if (!control?.database) return undefined;
  const { openControlRecords } = await loadRemoval();
  return openControlRecords(control.database, keepOut).catch((error: unknown) => {
    if (error instanceof FicusError && error.code === 'FICUS_DATABASE_UNREACHABLE') return undefined;
    throw error;
  });
}

function showPlan(removal: Removal, options: RemoveOptions): void {
  const known = removal.parts.every(({ problem }) => problem === undefined);
  if (options.json) writeJson(removal, { ok: known, dryRun: true }, { steps: [], files: [] });
  else printScript(formatRemoval(removal));
  if (!known) process.exitCode = 3;
}

/** Returns the SQL that was agreed to, or false. */
async function ask(removal: Removal): Promise<string | false> {
  (await loadRemoval()).requireUnused(removal);
  printError(`${formatRemoval(removal)}\n`);
  return (await askYes('Run this SQL?')) && sqlOf(removal);
}

const sqlOf = ({ parts }: Removal): string =>
  parts.flatMap(({ database, steps }) => steps.map(({ sql }) => `${database}: ${sql}`)).join('\n');

async function carryOutAgreed(removal: Removal, options: RemoveOptions): Promise<void> {
  const { carryOut } = await loadRemoval();
  const outcome = await carryOut(removal, (step) => {
    if (!options.json) print(`${describeStep(step)}\n`);
  });
  if (options.json) writeJson(removal, { ok: outcome.complete, dryRun: false }, outcome);
  else print(describeEnd(removal, outcome));
  if (!outcome.complete) process.exitCode = 3;
}

const DONE = { drop: 'dropped', remove: 'removed', forget: 'forgot' } as const;

function describeStep({ part, step, outcome, problem }: StepOutcome): string {
  const { verb, what } = step;
  const place = placeOf(part);
  switch (outcome) {
    case 'done':
      return `${paint('green', '✓', process.stdout)} ${place}: ${DONE[verb]} ${what}`;
    case 'failed':
      return `${paint('red', '✗', process.stdout)} ${place}: could not ${verb} ${what}: ${problem}`;
    case 'kept':
      return `${paint('yellow', '·', process.stdout)} ${place}: did not ${verb} ${what} yet, because something else is left`;
  }
}

function describeFile({ file, outcome, problem }: RemovalOutcome['files'][number]): string {
  const what = `${file.path}: ${file.what}`;
  if (outcome === 'done') return `${paint('green', '✓', process.stdout)} removed ${what}`;
  return outcome === 'failed'
    ? `${paint('red', '✗', process.stdout)} ${what}: ${problem}`
    : `${paint('yellow', '·', process.stdout)} ${what}: not yet, because something else is left`;
}

function describeEnd(removal: Removal, { steps, files, complete }: RemovalOutcome): string {
  const away = removal.parts.filter(({ problem }) => problem !== undefined);
  const lines = [
    ...files.map(describeFile),
    ...away.map((part) => `${paint('red', '✗', process.stdout)} ${placeOf(part)}: ${part.problem}`),
    ...remnantsOf(removal).flatMap(({ what, sql }) => [what, ...(sql ? [`    ${sql}`] : [])]),
  ];
  if (steps.length === 0 && files.length === 0 && complete) lines.push('Nothing is left to remove.');
  if (!complete) lines.push('Not everything is removed. Fix what is named above, and run the command again.');
  return lines.map((line) => `${line}\n`).join('');
}

function writeJson(
  removal: Removal,
  head: { readonly ok: boolean; readonly dryRun: boolean },
  { steps: outcomes, files }: Pick<RemovalOutcome, 'steps' | 'files'>,
): void {
  const databases = removal.parts.map((part) => ({
    place: part.place,
    slice: part.slice ?? null,
    database: part.database,
    problem: part.problem ?? null,
    steps: part.steps.map((step) => {
      const found = outcomes.find((outcome) => outcome.step === step);
      return {
        does: `${step.verb}s ${step.what}`,
        sql: step.sql,
        outcome: found?.outcome ?? 'planned',
        problem: found?.problem ?? null,
      };
    }),
  }));
  const remnants = remnantsOf(removal).map(({ what, sql }) => ({ what, sql: sql ?? null }));
  const left = removal.files.map((file) => {
    const found = files.find((outcome) => outcome.file === file);
    return { path: file.path, outcome: found?.outcome ?? 'planned', problem: found?.problem ?? null };
  });
  printJson({ ...head, databases, files: left, remnants });
}
