/** The result of a comparison of both databases, for a terminal. */
import type { VerifyView } from '@ficus/contract';
import { printable } from '@ficus/core';
import { formatTable } from './format-table.ts';
import { paint } from './paint.ts';

export function formatVerify(result: VerifyView): string {
  if (result.problem)
    return `${paint('red', '✗', process.stdout)} ${result.problem.message}\n  ${result.problem.remedy}\n`;
  const table = formatTable(
    ['from', 'to', 'rows', 'missing', 'extra', 'different'],
    result.tables.map((t) => [
      t.from,
      t.to,
      t.rowsCompared.toLocaleString('en-US'),
      String(t.missing),
      String(t.extra),
      String(t.different),
    ]),
  );
  const examples = result.tables.flatMap((t) =>
    t.examples.map(({ key, kind, rows, columns }) => {
      const times = rows > 1 ? `, ${rows.toLocaleString('en-US')} times` : '';
      const where = columns.length > 0 ? ` in ${columns.join(', ')}` : '';
      return printable(`  ${t.to} ${key}: ${kind}${where}${times}`);
    }),
  );
  return `${[table, ...examples, describeVerdict(result)].join('\n')}\n`;
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
