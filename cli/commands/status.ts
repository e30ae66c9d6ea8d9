/** `ficus status`: the stage of each slice. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient, SliceView } from '@ficus/contract';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';
import { formatLeftover } from '../output/format-leftover.ts';
import { formatAgreement } from '../output/format-parity.ts';
import { formatSlice } from '../output/format-slice.ts';
import { formatTable } from '../output/format-table.ts';
import { draw, printJson } from '../output/terminal.ts';
import { abortOnSignal } from '../output/until-signal.ts';

interface StatusOptions extends CommonOptions {
  readonly watch?: boolean;
}

const WATCH_EVERY_MS = 1000;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

const HELP = `
Without SLICE, one line per slice; with it, everything about one: stage, owner and epoch, share set and measured,
verdicts of the comparison with the newest mismatches, lag and copy of the change stream, and the way back.
Values in ‹…› are stand-ins of the same shape: samples hold no data of people; parity.samples.allow in ficus.yaml shows places
that hold none. Share and traffic are those of the last minute. With --watch and --json, it prints one document after the other.

Examples:
  ficus status
  ficus status notifications --watch
  ficus status notifications --json | jq .parity.counts`;

export function addStatus(program: Command): void {
  withCommonOptions(program.command('status').description('shows where slices stand'))
    .argument('[slice]', 'one slice, in detail')
    .option('-w, --watch', 'show it again each second, until Ctrl-C')
    .addHelpText('after', HELP)
    .action(status);
}

async function status(name: string | undefined, options: StatusOptions): Promise<void> {
  const config = await loadConfig(options.config);
  if (name) requireSlice(config, name);
  const control = connectControl(config);
  if (!options.watch) {
    await show(control, name, options);
    return;
  }
  const stopped = abortOnSignal();
  while (!stopped.aborted) {
    await show(control, name, options, process.stdout.isTTY ? CLEAR_SCREEN : '');
    await sleep(WATCH_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}

/** @param clear drawn once the answer is there */
async function show(
  control: ControlClient,
  name: string | undefined,
  options: StatusOptions,
  clear = '',
): Promise<void> {
  const answer = name ? await control.slice(name) : await control.slices();
  if (!options.json) {
    draw(clear, await describe(control, answer));
    return;
  }
  draw(clear, '');
  printJson(answer);
}

async function describe(control: ControlClient, answer: SliceView | readonly SliceView[]): Promise<string> {
  if (!('length' in answer)) return `${formatSlice(answer)}\n`;
  const legacy = answer[0]?.legacy.text ?? [];
  const leftovers = (await control.leftovers()).map(formatLeftover);
  return [formatSlices(answer), legacy, ...leftovers, ''].flat().join('\n');
}

function formatSlices(slices: readonly SliceView[]): string {
  if (slices.length === 0) return 'The config has no slices.';
  const percent = (value: number | null) => (value === null ? '–' : `${value} %`);
  return formatTable(
    ['slice', 'stage', 'owner', 'serve', 'measured', 'shadow', 'parity', 'lag'],
    slices.map((slice) => [
      slice.name,
      slice.candidate.state === 'fails' ? `${slice.stage}, candidate fails` : slice.stage,
      slice.owner ?? 'none',
      percent(slice.flags.serve.percent),
      percent(slice.traffic.candidateSharePercent),
      percent(slice.flags.shadow.percent),
      formatAgreement(slice),
      slice.replication === null ? 'no tables' : describeLag(slice.replication),
    ]),
  );
}

function describeLag(replication: NonNullable<SliceView['replication']>): string {
  return replication.state === 'streaming' ? `${Math.round(replication.lagMs)} ms` : replication.state;
}
