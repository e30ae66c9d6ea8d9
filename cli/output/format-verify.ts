/** The result of a comparison of both databases, for a terminal. */
import type { VerifyView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { counted } from './counted.ts';
import { fitTable } from './fit-table.ts';
import { paint } from './paint.ts';
import { widthOf } from './terminal.ts';

export function formatVerify(result: VerifyView, slice: string): string {
  if (result.problem)
    return `${paint('red', '✗', process.stdout)} ${result.problem.message}\n  ${result.problem.remedy}\n`;
  const table = fitTable(
    ['from', 'to', 'legacy rows', 'candidate rows', 'missing', 'extra', 'different'],
    result.tables.map((t) => [
      t.from,
      t.to,
      t.rowsSource.toLocaleString('en-US'),
      t.rowsTarget.toLocaleString('en-US'),
      String(t.missing),
      String(t.extra),
      String(t.different),
    ]),
    widthOf(),
  );
  const examples = result.tables.flatMap((t) =>
    t.examples.map(({ key, kind, rows, columns }) => {
      const times = rows > 1 ? `, ${rows.toLocaleString('en-US')} times` : '';
      const where = columns.length > 0 ? ` in ${columns.join(', ')}` : '';
      return printable(`  ${t.to} ${key}: ${kind}${where}${times}`);
    }),
  );
  return `${[table, ...examples, describeVerdict(result), ...nextSteps(result, slice)].join('\n')}\n`;
}

const CAUSES = {
  missing: 'the candidate does not have the row: someone deleted it there, or its triggers left it out',
  extra:
    'only the candidate has the row: it was there before the first copy, or someone other than Ficus writes there',
  different: 'someone other than Ficus, or a trigger of the candidate, changed the row there',
} as const;

/** What each kind of difference means, and what to do about it. */
function nextSteps({ verdict, tables }: VerifyView, slice: string): string[] {
  if (verdict !== 'mismatch') return [];
  const found = (['missing', 'extra', 'different'] as const).filter((kind) =>
    tables.some((table) => table[kind] > 0),
  );
  return [
    '',
    ...found.map((kind) => `  ${kind}: ${CAUSES[kind]}`),
    '',
    'Next: find what else writes to these tables, and stop it. Then correct the rows above on the candidate, or',
    `empty its tables and copy again: ficus copy ${slice} --restart`,
  ];
}

/** `18 rows of the legacy and 19 of the candidate`: a missing or extra row is one of a single side. */
export function describeVerifiedRows({ tables, rowsCompared }: VerifyView): string {
  const candidate = tables.reduce((sum, { rowsTarget }) => sum + rowsTarget, 0);
  return `${counted(rowsCompared, 'row')} of the legacy and ${candidate.toLocaleString('en-US')} of the candidate`;
}

/** `✓ equal`, `✗ not equal`, or inconclusive, which is neither. */
export function describeVerdict({
  verdict,
  reason,
  nothingChanged,
}: Pick<VerifyView, 'verdict' | 'reason' | 'nothingChanged'>): string {
  if (nothingChanged) return `– nothing to compare: no row has changed since the last full comparison`;
  switch (verdict) {
    case 'match':
      return paint('green', '✓ equal', process.stdout);
    case 'mismatch':
      return paint('red', '✗ not equal', process.stdout);
    default:
      return paint('yellow', `? inconclusive: ${reason ?? 'it has not finished'}`, process.stdout);
  }
}
