/** `ficus serve` and `ficus shadow`: flip a slice's flags, wherever they are kept. */
import { type FicusConfig, type FlagKind, flagName } from '@ficus/core';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { parsePercent } from '../config/parse-percent.ts';
import type { ReachableConfig } from '../config/reachable-config.ts';
import { withWayByHand } from '../config/way-by-hand.ts';
import { movedWrites, overriddenWarnings, raiseWarnings } from '../flags/raise-warnings.ts';
import { type FlipOutcome, hasReadableSlices, setPercent } from '../flags/set-percent.ts';
import { paint } from '../output/paint.ts';
import { print, printJson } from '../output/terminal.ts';
import { warn } from '../output/warn.ts';

interface FlipOptions extends CommonOptions {
  readonly reason?: string;
  readonly force?: boolean;
}

const HELP: Readonly<Record<FlagKind, string>> = {
  serve: `
PERCENT of the users have their reads of the slice served by the candidate (and their writes too, when the slice has
no tables). A user stays on the side they are on: raising the percentage never moves a user back. 0 is the way back.
Whole percents: Unleash's clients place each user in one of 100 parts. Measured shares are shown in tenths of a percent.
proxy.identify says who a caller is. Callers without identity stay on the legacy below 100, unless anonymousBucket gives
them a cookie.
A raise is refused while the slice's rows are not copied or its stream is stalled, and unless every guard of
slices.NAME.guards passes; --force overrides that, and the audit names what was overridden. Where no guard covers it, a raise
against the evidence (answers or rows that differ, or were never compared) is made, with a warning.
The control plane sets flags in a file or on an Unleash server. A config without control.database has no guards and no
audit: there the command sets the flag itself, as it does for 0 when the control plane cannot. An Unleash server needs
flags.unleash.adminToken.

A ficus.yaml that is not valid, or variables of it that this shell lacks, do not stop it: it takes the control plane's address
and token, or the place of the flags. Where it cannot be read whether there is a control plane, a share is only lowered.
While a proxy runs, the flags are those that it reads, also when ficus.yaml names another place since: that takes effect at its restart.

Examples:
  ficus serve notifications 25 --reason "first quarter"
  ficus serve notifications 0`,
  shadow: `
PERCENT of the reads of the slice are copied to the side that does not serve them, and the two answers are compared.
No request waits for its copy. \`ficus status\` shows what the comparison found, where there is a control plane: a proxy
without one sends copies and compares nothing.

Example:
  ficus shadow notifications 100`,
};

export const addServe = (program: Command): void =>
  addFlip(program, 'serve', 'sets the share of users the candidate serves');
export const addShadow = (program: Command): void =>
  addFlip(program, 'shadow', 'sets the share of requests that are copied and compared');

function addFlip(program: Command, flag: FlagKind, description: string): void {
  const command = withCommonOptions(program.command(flag).description(description))
    .argument('<slice>', 'the slice')
    .argument('<percent>', 'whole number from 0 to 100', parsePercent)
    .option('-r, --reason <text>', 'why, for the audit');
  if (flag === 'serve') command.option('--force', 'override guards that refuse; say why with --reason');
  command
    .addHelpText('after', HELP[flag])
    .action((slice: string, percent: number, options: FlipOptions) => flip(flag, slice, percent, options));
}

async function flip(flag: FlagKind, slice: string, percent: number, options: FlipOptions): Promise<void> {
  const config = await loadReachable(options.config, slice, warn).catch((error: unknown) => {
    throw percent === 0 ? withWayByHand(error, flagName(slice, flag)) : error;
  });
  if (config.elsewhere) warn(config.elsewhere);
  const { reason = '', force = false } = options;
  const outcome = await setPercent(config, { slice, kind: flag, percent, reason, force });
  const { previous, overridden, file } = outcome;
  const warnings = warningsOf(config, { flag, slice, percent }, outcome);
  for (const warning of warnings) warn(warning);
  if (options.json) {
    printJson({ ok: true, slice, flag, previous, percent, overridden, file: file?.path, warnings });
    return;
  }
  const name = flagName(slice, flag);
  const from = previous === null ? 'a cohort' : `${previous} %`;
  print(
    `${paint('green', '✓', process.stdout)} ${name}: ${from} → ${percent} %${file ? ` in ${file.path}` : ''}\n`,
  );
}

interface Flipped {
  readonly flag: FlagKind;
  readonly slice: string;
  readonly percent: number;
}

/** What the flip alone does not bring about. Lowering a share needs no evidence. */
function warningsOf(
  config: ReachableConfig,
  { flag, slice, percent }: Flipped,
  { previous, seen, overridden, file }: FlipOutcome,
): string[] {
  const { control, guards, valid } = config;
  const warnings = overriddenWarnings(overridden);
  if (file && previous === 0 && percent === 0 && !hasReadableSlices(config))
    warnings.push(`${flagName(slice, flag)} was at 0 % there already: check the name of the slice`);
  if (file?.isNew)
    warnings.push(
      `${file.path} did not exist and was created: a proxy that reads another file is not affected`,
    );
  if (percent > 0 && percent < 100 && valid && !knowsCallers(valid, slice)) warnings.push(STRANGERS);
  if (percent <= (previous ?? 0)) return warnings;
  const names = guards.get(slice) ?? [];
  if (control === undefined)
    warnings.push(flag === 'shadow' ? COPIED_ALONE : names.length === 0 ? RAISED_ALONE : UNCOMPARED);
  if (flag === 'shadow') return warnings;
  const configured = valid?.slices[slice];
  if (seen) warnings.push(...raiseWarnings(seen, names));
  else if (configured) warnings.push(...movedWrites(slice, configured));
  return warnings;
}

const STRANGERS =
  'Below 100 % this has no effect: callers cannot be identified. Set proxy.identify.user, or the slice’s anonymousBucket.';
const RAISED_ALONE =
  'nothing was compared, and no guard refuses a raise: without a control plane there is no evidence';
const UNCOMPARED = 'nothing was compared: without a control plane there is no evidence';
const COPIED_ALONE =
  'copies are sent, and nothing compares the answers: that takes a control plane (control.database and `ficus up`)';

function knowsCallers({ proxy, slices }: FicusConfig, slice: string): boolean {
  const { user, session } = proxy.identify;
  return user !== undefined || session !== undefined || slices[slice]?.anonymousBucket !== undefined;
}
