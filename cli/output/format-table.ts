/** Aligned columns of plain text; widths count characters, not bytes. */
import { oneLine } from './one-line.ts';

export function formatTable(header: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(oneLine));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => visibleLength(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - visibleLength(cell))))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const COLOUR_CODE = /\u001b\[[0-9;]*m/g;

function visibleLength(text: string): number {
  return [...text.replace(COLOUR_CODE, '')].length;
}
