/**
 * The kill matrix of cutovers and rollbacks, as a command:
 *
 *     npm run kill-matrix -- --only victim=proxy,step=hold [--rounds 2] [--json]
 *
 * Each cell makes an attempt under load, hits one process at one step, and judges what became of it by the rows of both
 * databases. Ends with a table; exit 1 when a write was lost, there were two owners, or an attempt neither was undone nor
 * completed.
 */
import { parseArgs } from 'node:util';
import { type CELLS, nameOf, selectCells, VICTIMS } from './matrix/cells.ts';
import { describeFindings, formatMatrix } from './matrix/format-matrix.ts';
import type { CellResult } from './matrix/run-cell.ts';
import { type MatrixResult, runMatrix } from './matrix/run-matrix.ts';

const HELP = `npm run kill-matrix -- [--only …] [--rounds N] [--minutes N] [--json]

Cutovers and rollbacks under writes through two proxies and past them, while one process is killed or suspended, or a
database restarted, at a step of the attempt. Every acknowledged write is looked up on both sides; each row's time of commit
must lie in a time in which the journal names its side as the owner. A cell takes about five seconds.

  --only …      victim=proxy|worker,signal=KILL,step=hold|fence,direction=back: each part narrows
  --rounds N    how often each cell (default 1)
  --minutes N   no cell begins later (default 120)
  --json        one document on standard output

Victims: ${Object.entries(VICTIMS)
  .map(([victim, signals]) => `${victim} (${signals.join(', ')})`)
  .join(' · ')}

In the table: ○ as before, ● completed; ʳ by the next start of the control plane, * by --resume; forward and back.
Exit status: 0 nothing lost, one owner, nothing stuck · 1 otherwise · 2 used wrongly
`;

/** @returns whether the promises hold */
export function evaluateMatrix({ results, left, lost, faults }: MatrixResult): boolean {
  const isFine = ({ outcome }: CellResult) => outcome === 'as before' || outcome === 'completed';
  const clean = results.every((cell) => isFine(cell) && cell.lost.length === 0 && cell.faults.length === 0);
  return clean && left === 0 && lost.length === 0 && faults.length === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '120' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [rounds, minutes] = [Number(values.rounds), Number(values.minutes)];
  const isCounted = Number.isInteger(rounds) && rounds >= 1 && minutes > 0;
  const cells = isCounted ? choose(values.only) : undefined;
  if (cells === undefined) {
    if (!isCounted) process.stderr.write('--rounds must be 1 or more, --minutes more than 0.\n');
    process.exitCode = 2;
    return;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const { signal } = stopping;
  const result = await runMatrix({ cells, rounds, limitMs: minutes * 60_000, onCell: report, signal });
  const ok = evaluateMatrix(result);
  process.stdout.write(values.json ? `${JSON.stringify({ ok, ...result }, null, 2)}\n` : textOf(result));
  process.exitCode = ok ? 0 : 1;
}

function choose(only: string): typeof CELLS | undefined {
  try {
    return selectCells(only);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return undefined;
  }
}

function report(cell: CellResult, done: number, all: number): void {
  const failed = Object.entries(cell.codes).map(([code, count]) => `${count} × ${code}`);
  const line =
    `${done}/${all} ${nameOf(cell)}: ${cell.outcome} (${cell.by}), ${cell.ms} ms, longest gap ${cell.gapMs} ms, ` +
    `${cell.acknowledged} writes, ${cell.lost.length} lost, ${cell.faults.length} faults`;
  process.stderr.write(`${[line, ...failed, cell.why].filter((part) => part !== '').join('; ')}\n`);
  for (const finding of [...cell.lost, ...cell.faults].slice(0, 5)) process.stderr.write(`    ${finding}\n`);
}

function textOf(result: MatrixResult): string {
  const { results, left, acknowledged, lost, faults, durationMs } = result;
  const findings = [
    ...describeFindings(results),
    ...lost.map((row) => `at the end: lost: ${row}`),
    ...faults,
  ];
  const line =
    `${results.length} cells: ${acknowledged} acknowledged writes, ${lost.length} lost, ${faults.length} faults at the end, ` +
    `${left} cells not run, ${Math.round(durationMs / 1000)} s`;
  return `${[formatMatrix(results), '', ...findings, line].join('\n')}\n`;
}

if (import.meta.main) await main();
