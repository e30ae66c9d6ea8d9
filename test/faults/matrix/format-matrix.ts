/** The matrix as the table that docs/ has: a row for each way of being hit, a column for each step. Pure. */
import { CUTOVER_STEPS, type CutoverStep } from '@ficus/core';
import { VICTIMS, type Victim } from './cells.ts';
import type { CellResult } from './run-cell.ts';

const SIGNS = { 'as before': '○', completed: '●', stuck: '✗', 'not reached': '–' } as const;
const BY = { itself: '', restart: 'ʳ', resume: '*' } as const;

/** Forward and back beside each other: `○ ●ʳ`. */
export function formatMatrix(results: readonly CellResult[]): string {
  const head = [
    'hit',
    ...CUTOVER_STEPS,
    'ended after, ms',
    'longest pause, ms',
    '503: held too long',
    'failed by the victim',
    'failed otherwise',
    'lost',
    'faults',
  ];
  const rows = rowsOf(results).map(([name, cells]) => [
    name,
    ...CUTOVER_STEPS.map((step) => signsOf(cells, step)),
    ...figuresOf(cells),
  ]);
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function rowsOf(results: readonly CellResult[]): [string, CellResult[]][] {
  return (Object.keys(VICTIMS) as Victim[])
    .flatMap((victim) => VICTIMS[victim].map((signal) => ({ victim, signal })))
    .map(({ victim, signal }): [string, CellResult[]] => [
      `${victim} ${signal}`,
      results.filter((cell) => cell.victim === victim && cell.signal === signal),
    ])
    .filter(([, cells]) => cells.length > 0);
}

/** Of several rounds, each way in which it came out. */
function signsOf(cells: readonly CellResult[], step: CutoverStep): string {
  return (['forward', 'back'] as const)
    .map((direction) => {
      const signs = cells
        .filter((cell) => cell.step === step && cell.direction === direction)
        .map(({ outcome, by }) => `${SIGNS[outcome]}${BY[by]}`);
      return [...new Set(signs)].join('');
    })
    .join(' ')
    .trim();
}

function figuresOf(cells: readonly CellResult[]): string[] {
  const ms = cells.map((cell) => cell.ms).toSorted((a, b) => a - b);
  const sum = (count: (cell: CellResult) => number) =>
    String(cells.reduce((all, cell) => all + count(cell), 0));
  return [
    `${ms[Math.floor(ms.length / 2)]} (${ms.at(-1)})`,
    String(Math.max(...cells.map(({ gapMs }) => gapMs))),
    sum(({ failed }) => failed['held too long']),
    sum(({ failed }) => failed['by the victim']),
    sum(({ failed }) => failed.other),
    sum(({ lost }) => lost.length),
    sum(({ faults }) => faults.length),
  ];
}

/** What is to be looked at: cells that failed, and requests that should not have. */
export function describeFindings(results: readonly CellResult[]): readonly string[] {
  return results.flatMap(({ victim, signal, step, direction, outcome, lost, faults, failed, codes }) => {
    const name = `${victim} ${signal}, ${step}, ${direction}`;
    return [
      ...(outcome === 'stuck' || outcome === 'not reached' ? [`${name}: ${outcome}`] : []),
      ...[...lost.map((row) => `lost: ${row}`), ...faults]
        .slice(0, 5)
        .map((finding) => `${name}: ${finding}`),
      ...(failed.other > 0 ? [`${name}: requests failed: ${JSON.stringify(codes)}`] : []),
    ];
  });
}
