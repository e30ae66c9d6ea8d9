/** `ficus verify`: compares both databases of a slice, row by row, through the mapping. */
import type { VerifyView } from '@ficus/control';
import { type Command, Option } from 'commander';
import { type CommonOptions, withCommonOptions } from '../config/common-options.ts';
import { connectControl } from '../config/connect-control.ts';
import { loadConfig, requireSlice } from '../config/load-config.ts';
import { parseCount } from '../config/parse-count.ts';
import { formatVerify } from '../output/format-verify.ts';
import { showProgress } from '../output/show-progress.ts';

interface VerifyOptions extends CommonOptions {
  readonly changed?: boolean;
  readonly sample?: number;
  readonly resume?: boolean;
}

const HELP = `
Both databases are compared while traffic goes on: rows that differ only because the stream has not come to them yet are
looked at again once it has. What remains is missing, extra or different, and is shown with its key and columns.

Ctrl-C ends the watching, not the comparison; \`ficus status SLICE\` shows how it ended.

Exit status: 0 equal · 1 not equal, or inconclusive · 3 could not be carried out

Examples:
  ficus verify notifications
  ficus verify notifications --changed
  ficus verify notifications --sample 10000
  ficus verify notifications --resume`;

export function addVerify(program: Command): void {
  withCommonOptions(program.command('verify').description('compares both databases of a slice, row by row'))
    .argument('<slice>', 'the slice')
    .addOption(
      new Option('--changed', 'only the rows that changed since the last comparison of all').conflicts([
        'sample',
        'resume',
      ]),
    )
    .option('-s, --sample <rows>', 'about so many rows of each side, drawn at random', parseCount())
    .addOption(
      new Option('--resume', 'go on where the last run stopped, when it did not come to its end').conflicts(
        'sample',
      ),
    )
    .addHelpText('after', HELP)
    .action(verify);
}

async function verify(slice: string, options: VerifyOptions): Promise<void> {
  const config = await loadConfig(options.config);
  requireSlice(config, slice);
  const progress = showProgress(`verify ${slice}`);
  const result = await connectControl(config).verify(slice, {
    mode: options.changed ? 'changed' : 'full',
    sample: options.sample,
    resume: options.resume,
    onProgress: (run) =>
      progress.update(
        `${run.rowsCompared.toLocaleString('en-US')} rows compared`,
        run.rowsTotal > 0 ? run.rowsCompared / run.rowsTotal : undefined,
      ),
  });
  progress.end();
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ok: result.equal === true, ...result }, null, 2)}\n`
      : formatVerify(result),
  );
  process.exitCode = exitStatusOf(result);
}

function exitStatusOf(result: VerifyView): number {
  if (result.state === 'failed') return 3;
  return result.equal ? 0 : 1;
}
