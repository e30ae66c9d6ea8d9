/**
 * What three looks at one key amount to: the source, then the target once the stream has passed that look, then the
 * source again. A difference counts only if the source's row stood still meanwhile: then the stream had
 * everything, and the target is wrong.
 */
import type { SideRow } from './side-reader.ts';
import type { ColumnDifference } from './verify-report.ts';

export type Judgement =
  | { readonly kind: 'equal' }
  /** The row changed while we looked: look again. */
  | { readonly kind: 'moving' }
  | { readonly kind: 'missing' | 'extra'; readonly columns: readonly [] }
  | { readonly kind: 'different'; readonly columns: readonly ColumnDifference[] };

export interface Looks {
  readonly before: readonly SideRow[];
  readonly found: readonly SideRow[];
  readonly after: readonly SideRow[];
}

export function judgeRow(names: readonly string[], looks: Looks): Judgement {
  const { before, found, after } = looks;
  const columns = before[0] && found[0] ? compareTexts(names, before[0], found[0]) : [];
  if (before.length === found.length && (columns.length === 0 || sameMultiset(before, found)))
    return { kind: 'equal' };
  if (versions(before) !== versions(after)) return { kind: 'moving' };
  if (before.length > found.length) return { kind: 'missing', columns: [] };
  if (before.length < found.length) return { kind: 'extra', columns: [] };
  return { kind: 'different', columns };
}

function compareTexts(names: readonly string[], expected: SideRow, found: SideRow): ColumnDifference[] {
  return names.flatMap((name, at) => {
    const [want, have] = [expected.texts[at] ?? null, found.texts[at] ?? null];
    return want === have ? [] : [{ name, expected: want, found: have }];
  });
}

function sameMultiset(one: readonly SideRow[], other: readonly SideRow[]): boolean {
  const sorted = (rows: readonly SideRow[]) => rows.map((row) => JSON.stringify(row.texts)).sort();
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function versions(rows: readonly SideRow[]): string {
  return rows
    .map((row) => row.version)
    .sort()
    .join(',');
}
