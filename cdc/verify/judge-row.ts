/**
 * What three reads of one key prove: the source, then the target once the stream has passed that read, then the source
 * again. A difference counts only if the source row did not change in between: then the stream had delivered
 * everything, and the target is wrong.
 */
import type { SideRow } from './side-reader.ts';
import type { ColumnDifference, Difference } from './verify-report.ts';

export type Judgement =
  | { readonly kind: 'equal' }
  /** The row changed in between: read again. */
  | { readonly kind: 'moving' }
  | {
      readonly kind: Difference['kind'];
      /** Number of rows concerned: more than one only where the key does not identify rows. */
      readonly rows: number;
      readonly columns: readonly ColumnDifference[];
    };

export interface KeyReads {
  readonly before: readonly SideRow[];
  readonly found: readonly SideRow[];
  readonly after: readonly SideRow[];
}

export function judgeRow(names: readonly string[], reads: KeyReads): Judgement {
  const { before, found, after } = reads;
  const lacking = rowsWithout(before, found);
  const surplus = rowsWithout(found, before);
  const [expected, other] = [lacking[0], surplus[0]];
  if (!expected && !other) return { kind: 'equal' };
  if (versions(before) !== versions(after)) return { kind: 'moving' };
  const rows = Math.max(lacking.length, surplus.length);
  if (lacking.length > surplus.length) return { kind: 'missing', rows, columns: [] };
  if (lacking.length < surplus.length) return { kind: 'extra', rows, columns: [] };
  return { kind: 'different', rows, columns: expected && other ? compareTexts(names, expected, other) : [] };
}

function compareTexts(names: readonly string[], expected: SideRow, found: SideRow): ColumnDifference[] {
  return names.flatMap((name, at) => {
    const [want, have] = [expected.texts[at] ?? null, found.texts[at] ?? null];
    return want === have ? [] : [{ name, expected: want, found: have }];
  });
}

/** The rows of `these` that are not among `those`, as multisets. */
function rowsWithout(these: readonly SideRow[], those: readonly SideRow[]): SideRow[] {
  const left = new Map<string, number>();
  for (const row of those) left.set(contentOf(row), (left.get(contentOf(row)) ?? 0) + 1);
  return these.filter((row) => {
    const others = left.get(contentOf(row)) ?? 0;
    if (others > 0) left.set(contentOf(row), others - 1);
    return others === 0;
  });
}

function contentOf(row: SideRow): string {
  return JSON.stringify(row.texts);
}

function versions(rows: readonly SideRow[]): string {
  return rows
    .map((row) => row.version)
    .sort()
    .join(',');
}
