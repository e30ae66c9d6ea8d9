/** `ficus status`: where slices stand, and which processes run an older config. */

import type { SliceView } from '@ficus/contract';
import { printable } from '@ficus/core';
import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { fitTable } from '../output/fit-table.ts';
import { formatLeftover } from '../output/format-leftover.ts';
import { formatOlderConfig } from '../output/format-older-config.ts';
import { describeDue } from '../output/format-ownership.ts';
import { formatAgreement } from '../output/format-parity.ts';
import { formatProxy } from '../output/format-proxy.ts';
import { formatSlice } from '../output/format-slice.ts';
import { paint } from '../output/paint.ts';
import { printProblems } from '../output/print-problems.ts';
import { Screen } from '../output/screen.ts';
import { print, printJson, printJsonLine, widthOf } from '../output/terminal.ts';
import { abortOnSignal } from '../output/until-signal.ts';
import { formatWarning, warn } from '../output/warn.ts';
import { askRunning, type StatusAnswer } from '../status/ask-running.ts';
import { type FoundRunning, findRunning } from '../status/find-running.ts';
import { type Look, watchStatus } from '../status/watch-status.ts';

interface StatusOptions extends CommonOptions {
  readonly watch?: boolean;
}

const HELP = `
Without SLICE, one line per slice, and one for each cutover that is under way or half made;
with it, everything about one: stage, owner and epoch, share set and measured,
verdicts of the comparison with their most frequent reasons, the newest mismatches with commands that ask both sides again,
each guard as a raise of the share would be judged now, lag and copy of the change stream, the last cutover or rollback or the
one under way, and the way back: whether a rollback can be made now. What does not fit together is said with the command that repairs it.
Values in ‹…› are stand-ins of the same shape: samples hold no data of people; parity.samples.allow in ficus.yaml shows places
that hold none. Share and traffic are those of the last minute.

Where no control plane is configured or it does not answer, the proxy itself is asked, at proxy.admin: it knows flags and
their age, owners, traffic, breakers, pins and workers, and nothing of parity, change streams and audit. There the command
sends the config's token of the role read, and warns when it leaves the machine, as the admin address has no TLS.
With --json the control plane's answer is a list of slices, with SLICE one of them; the proxy's is a document with
"from": "proxy", and what it knows under "proxy".
A process that refused a changed config continues with its older one; this is said with the problems, and since when. A proxy
of this machine that is cut off from its control plane is asked for it at proxy.admin.

With --watch on a terminal the picture is drawn again in place; in a pipe, and with --json, each look is one line of JSON
with "reachable" and "at", and the answer: "slices", with SLICE "slice", or the fields of the proxy's document. What is
watched may restart: meanwhile "not reachable since …" is shown.

Exit status: 0 shown, and everything runs the config of the file · 1 a process runs an older config, or the file is not
valid · 2 used wrongly · 3 nothing answers, or the control plane of the config does not

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
  const found = await findRunning(options.config, name);
  if (options.watch) {
    const stopped = abortOnSignal();
    const onLook = options.json || !process.stdout.isTTY ? printLook(name) : drawLook(name, new Screen());
    await watchStatus({ file: options.config, slice: name, found, stopped, onLook });
    return;
  }
  try {
    const answer = await askRunning(found, name, warn);
    if (options.json) printJson(documentOf(answer, name));
    else print(`${describe(answer, name)}\n`);
    process.exitCode = exitStatusOf(found, answer);
  } finally {
    printProblems(options.config, found.problems);
  }
}

/** Shown whole, a control plane that should answer and does not is a failure all the same. */
function exitStatusOf({ problems }: FoundRunning, answer: StatusAnswer): number {
  if (answer.older.length > 0 || problems.length > 0) return 1;
  return answer.from === 'proxy' && answer.controlFailure !== undefined ? 3 : 0;
}

/** A line of JSON for each look; each warning once. */
function printLook(name: string | undefined): (look: Look) => void {
  const warned = new Set<string>();
  return (look) => {
    if (!look.reachable) return printJsonLine(look);
    const { reachable, at, answer, warnings } = look;
    for (const text of warnings) if (!warned.has(text)) warn(text);
    for (const text of warnings) warned.add(text);
    if (answer.from === 'proxy') printJsonLine({ reachable, at, ...proxyDocument(answer) });
    else
      printJsonLine({
        reachable,
        at,
        [name === undefined ? 'slices' : 'slice']: controlDocument(answer, name),
      });
  };
}

/** While nothing answers, the last picture stays below the line that says so. Warnings are part of it: it clears all else. */
function drawLook(name: string | undefined, screen: Screen): (look: Look) => void {
  let last = '';
  return (look) => {
    if (look.reachable)
      last = [...look.warnings.map(warningInPicture), describe(look.answer, name)].join('\n');
    screen.show(look.reachable ? last : `${describeOutage(look)}\n\n${last}`);
  };
}

const warningInPicture = (text: string): string => `${formatWarning(text, process.stdout)}\n`;

function describeOutage({ since, error }: Extract<Look, { reachable: false }>): string {
  const mark = paint('red', '✗', process.stdout);
  return `${mark} not reachable since ${since}: ${printable(error.message)} (${error.code})`;
}

function documentOf(answer: StatusAnswer, name: string | undefined): unknown {
  return answer.from === 'proxy' ? proxyDocument(answer) : controlDocument(answer, name);
}

type Answer<From> = Extract<StatusAnswer, { readonly from: From }>;

function controlDocument({ slices, cutovers, older }: Answer<'control'>, name: string | undefined): unknown {
  const all = slices.map((slice) => ({
    ...slice,
    olderConfig: older,
    cutover: cutovers.find((cutover) => cutover.slice === slice.name) ?? null,
  }));
  return name === undefined ? all : all[0];
}

/** Its slices have another shape than the control plane's: they are under a key of their own. */
function proxyDocument({ from, proxy, controlFailure, older }: Answer<'proxy'>): object {
  return { from, proxy, controlFailure: controlFailure ?? null, olderConfig: older };
}

function describe(answer: StatusAnswer, name: string | undefined): string {
  const older = answer.older.map((one) => formatOlderConfig(one, Date.now()));
  if (answer.from === 'proxy')
    return [formatProxy(answer.proxy, answer.controlFailure, Date.now()), ...older].join('\n');
  if (name !== undefined)
    return [...answer.slices.map((slice) => formatSlice(slice, answer.cutovers[0])), ...older].join('\n');
  const legacy = answer.slices[0]?.legacy.text ?? [];
  const due = answer.cutovers.flatMap(describeDue);
  return [formatSlices(answer.slices), legacy, ...due, ...answer.leftovers.map(formatLeftover), ...older]
    .flat()
    .join('\n');
}

function formatSlices(slices: readonly SliceView[]): string {
  if (slices.length === 0) return 'The config has no slices.';
  const percent = (value: number | null) => (value === null ? '–' : `${value} %`);
  return fitTable(
    ['slice', 'stage', 'owner', 'serve', 'measured', 'shadow', 'parity', 'lag'],
    slices.map((slice) => [
      slice.name,
      slice.candidate.state === 'fails'
        ? `${slice.stage}, candidate ${slice.candidate.failure}`
        : slice.stage,
      slice.owner ?? 'none',
      percent(slice.flags.serve.percent),
      percent(slice.traffic.candidateSharePercent),
      percent(slice.flags.shadow.percent),
      formatAgreement(slice),
      slice.replication === null ? 'no tables' : describeLag(slice.replication),
    ]),
    widthOf(),
  );
}

function describeLag(replication: NonNullable<SliceView['replication']>): string {
  return replication.state === 'streaming' ? `${Math.round(replication.lagMs)} ms` : replication.state;
}
