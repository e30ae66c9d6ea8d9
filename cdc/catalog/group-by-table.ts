/** Splits the rows of a catalog query that covers several tables by table. */
export function groupByTable<Row extends { readonly table: number }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item,
): Map<number, Item[]> {
  const groups = new Map<number, Item[]>();
  for (const row of rows) {
    const group = groups.get(row.table);
    if (group) group.push(toItem(row));
    else groups.set(row.table, [toItem(row)]);
  }
  return groups;
}
