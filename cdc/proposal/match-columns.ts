/** Which column of the source each column of a target table is made from, by their names. Pure. */
import type { ColumnCatalog, TableCatalog } from '../catalog/database-catalog.ts';
import { areOneNoun, likenessOf, wordsOf } from './compare-names.ts';

export interface ColumnPair {
  readonly from: ColumnCatalog;
  readonly to: ColumnCatalog;
  readonly likeness: 'same' | 'spelling' | 'table';
}

export interface MatchedColumns {
  readonly pairs: readonly ColumnPair[];
  /** Target columns, and why they have no source. */
  readonly open: ReadonlyMap<string, string>;
}

/** Generated columns take no value, and are not in the change stream. */
export function matchColumns(source: TableCatalog, target: TableCatalog): MatchedColumns {
  const free = new Set(source.columns.filter(({ generated }) => !generated));
  const wanted = new Set(target.columns.filter(({ generated }) => !generated));
  const pairs: ColumnPair[] = [];
  const open = new Map<string, string>();
  const rounds: [ColumnPair['likeness'], (from: ColumnCatalog, to: ColumnCatalog) => boolean][] = [
    ['same', (from, to) => from.name === to.name],
    ['spelling', (from, to) => likenessOf(from.name, to.name) === 'spelling'],
    ['table', (from, to) => differByTable(from.name, to.name, source, target)],
  ];
  for (const [likeness, isAlike] of rounds) {
    for (const to of wanted) {
      const alike = [...free].filter((from) => isAlike(from, to));
      const [from] = alike;
      if (from === undefined) continue;
      wanted.delete(to);
      if (alike.length > 1) {
        open.set(to.name, `“${alike.map(({ name }) => name).join('” and “')}” are both like it`);
        continue;
      }
      free.delete(from);
      pairs.push({ from, to, likeness });
    }
  }
  for (const { name } of wanted) open.set(name, 'no column of the monolith’s table is like it');
  const order = new Map(target.columns.map((column) => [column, column.attnum]));
  pairs.sort((a, b) => (order.get(a.to) ?? 0) - (order.get(b.to) ?? 0));
  return { pairs, open };
}

/** `orders.id` and `orders.order_id` */
function differByTable(from: string, to: string, source: TableCatalog, target: TableCatalog): boolean {
  const [longer, shorter] = [wordsOf(from), wordsOf(to)].sort((a, b) => b.length - a.length);
  if (!longer || !shorter || longer.length === shorter.length || shorter.length === 0) return false;
  const prefix = longer.slice(0, longer.length - shorter.length);
  if (longer.slice(prefix.length).join('') !== shorter.join('')) return false;
  return [source, target].some(({ name }) => {
    const words = wordsOf(name);
    return areOneNoun(prefix, words) || areOneNoun(prefix, words.slice(-prefix.length));
  });
}
