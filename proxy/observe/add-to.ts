/** Adds values to those of the same series. */
export function addTo(all: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [series, value] of Object.entries(more)) all[series] = (all[series] ?? 0) + value;
}
