/** `ficus serve` and `ficus shadow`: flip a slice's flags, wherever they are kept. */
import { type FicusConfig, type FlagKind, flagName } from '@ficus/core';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';
import { parsePercent } from '../config/parse-percent.ts';
import { setPercent } from '../flags/set-percent.ts';
import { paint } from '../output/paint.ts';
import { print, printError, printJson } from '../output/terminal.ts';

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
slices.NAME.guards passes; --force overrides that, and the audit names what was overridden.
The control plane sets flags in a file or on an Unleash server. A config without control.database has no guards and no
audit: there the command sets the flag itself, as it does for 0 when the control plane cannot. An Unleash server needs
flags.unleash.adminToken.

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
  const config = await loadConfig(options.config);
  requireSlice(config, slice);
  const { reason = '', force = false } = options;
  const previous = await setPercent(config, { slice, kind: flag, percent, reason, force });
  if (percent > 0 && percent < 100 && !knowsCallers(config, slice)) warnOfStrangers();
  if (options.json) {
    printJson({ ok: true, slice, flag, previous, percent });
    return;
  }
  const name = flagName(slice, flag);
  const from = previous === null ? 'a cohort' : `${previous} %`;
  print(`${paint('green', '✓', process.stdout)} ${name}: ${from} → ${percent} %\n`);
}

function knowsCallers({ proxy, slices }: FicusConfig, slice: string): boolean {
  const { user, session } = proxy.identify;
  return user !== undefined || session !== undefined || slices[slice]?.anonymousBucket !== undefined;
}

function warnOfStrangers(): void {
  printError(
    `${paint('yellow', '!', process.stderr)} Below 100 % this has no effect: callers cannot be identified. Set proxy.identify.user, or the slice’s anonymousBucket.\n`,
  );
}
