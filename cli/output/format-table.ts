/** Aligned columns of text; widths count columns of the terminal, neither characters nor bytes. */
import { cellsOf } from './cells.ts';
import { oneLine } from './one-line.ts';

/** @param header one title for each column, or several lines of them */
export function formatTable(
  header: readonly string[] | readonly (readonly string[])[],
  given: readonly (readonly string[])[],
): string {
  const titles = (Array.isArray(header[0]) ? header : [header]) as readonly (readonly string[])[];
  const rows = given.map((row) => row.map(oneLine));
  const widths = (titles[0] ?? []).map((_, column) =>
    Math.max(...[...titles, ...rows].map((row) => cellsOf(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - cellsOf(cell))))
      .join('  ')
      .trimEnd();
  return [...titles.map(line), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}
