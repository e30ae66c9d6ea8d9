/** `ficus verify`: compares both databases of a slice, row by row, through the mapping. */
import type { ControlClient, VerifyView } from '@ficus/contract';
import { type Command, Option } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadReachable } from '../config/load-reachable.ts';
import { parseCount } from '../config/parse-count.ts';
import { formatVerify } from '../output/format-verify.ts';
import { showProgress } from '../output/show-progress.ts';
import { print, printJson } from '../output/terminal.ts';
import { abortOnSignal } from '../output/until-signal.ts';
import { warn } from '../output/warn.ts';

interface VerifyOptions extends CommonOptions {
  readonly changed?: boolean;
  readonly sample?: number;
  readonly resume?: boolean;
}

const HELP = `
Both databases are compared while traffic continues: rows that differ only because the stream is behind are compared
again once it has caught up. Rows that are missing, extra or different are shown with their keys and columns.

Ctrl-C stops watching, not the comparison; \`ficus status SLICE\` shows the result.

Exit status: 0 equal, or with --changed nothing has changed · 1 not equal, inconclusive, or watching was stopped ·
3 could not be carried out: the stream is stopped, the first copy is not complete, a database does not answer

Examples:
  ficus verify notifications
  ficus verify notifications --changed
  ficus verify notifications --sample 10000
  ficus verify notifications --resume`;

export function addVerify(program: Command): void {
  withCommonOptions(program.command('verify').description('compares both databases of a slice, row by row'))
    .argument('<slice>', 'the slice')
    .addOption(
      new Option('--changed', 'only the rows that changed since the last full comparison').conflicts([
        'sample',
        'resume',
      ]),
    )
    .option('-s, --sample <rows>', 'a random sample of about this many rows of each side', parseCount())
    .addOption(
      new Option('--resume', 'continue where the last run stopped, if it was not completed').conflicts(
        'sample',
      ),
    )
    .addHelpText('after', HELP)
    .action(verify);
}

async function verify(slice: string, options: VerifyOptions): Promise<void> {
  const config = await loadReachable(options.config, slice, warn);
  const result = await watchVerify(slice, connectControl(config), options);
  const status = exitStatusOf(result);
  if (options.json) printJson({ ok: status === 0, ...result });
  else if (result.state === 'running')
    print(`The comparison continues in the background; see its result with: ficus status ${slice}\n`);
  else print(formatVerify(result, slice));
  process.exitCode = status;
}

/** Returns the last known state of the run: done, failed, or running when watching was stopped. */
async function watchVerify(
  slice: string,
  control: ControlClient,
  options: VerifyOptions,
): Promise<VerifyView> {
  const progress = showProgress(`verify ${slice}`);
  const signal = abortOnSignal();
  let seen: VerifyView | undefined;
  try {
    return await control.verify(slice, {
      mode: options.changed ? 'changed' : 'full',
      sample: options.sample,
      resume: options.resume,
      signal,
      onProgress: (run) => {
        seen = run;
        progress.update(
          `${run.rowsCompared.toLocaleString('en-US')} rows compared`,
          run.rowsTotal > 0 ? run.rowsCompared / run.rowsTotal : undefined,
        );
      },
    });
  } catch (error) {
    if (signal.aborted && seen) return seen;
    throw error;
  } finally {
    progress.end();
  }
}

function exitStatusOf(result: VerifyView): number {
  if (result.state === 'failed') return 3;
  return result.equal || result.nothingChanged ? 0 : 1;
}
