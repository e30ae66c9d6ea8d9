/** Makes a table fit a width: the widest columns get narrower, and their texts continue below. Nothing is cut off. */
import { COLOUR_CODE, cellsOf } from './cells.ts';
import { formatTable } from './format-table.ts';
import { partsOf, wrapText } from './wrap-text.ts';

const GAP = 2;
/** Below it, the terminal breaks the lines itself. */
const NARROWEST = 4;

/** @param width in columns; undefined where nothing bounds it, as in a pipe */
export function fitTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  if (width === undefined) return formatTable(header, rows);
  const widest = (measure: (cell: string) => number) =>
    header.map((_, column) => Math.max(...[header, ...rows].map((row) => measure(row[column] ?? ''))));
  const room = width - GAP * (header.length - 1);
  const whole = narrow(widest(cellsOf), widest(longestPart), room);
  const narrowest = header.map(() => NARROWEST);
  const widths = narrow(whole, narrowest, room);
  return formatTable(
    wrapRow(header, widths),
    rows.flatMap((row) => wrapRow(row, widths)),
  );
}

/** Takes from the widest columns first, and from none below its least width. */
function narrow(widths: readonly number[], least: readonly number[], room: number): number[] {
  const now = [...widths];
  for (let over = now.reduce((sum, each) => sum + each, 0) - room; over > 0; over -= 1) {
    const may = now.map((each, column) => (each > (least[column] ?? 0) ? each : 0));
    const widest = Math.max(...may);
    if (widest === 0) break;
    now[may.lastIndexOf(widest)] = widest - 1;
  }
  return now;
}

/** A narrower column would break a word. */
const longestPart = (cell: string): number =>
  Math.max(...partsOf(cell.replace(COLOUR_CODE, '')).map(cellsOf));

function wrapRow(row: readonly string[], widths: readonly number[]): string[][] {
  const cells = row.map((cell, column) => wrapCell(cell, widths[column] ?? 0));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => cells.map((lines) => lines[at] ?? ''));
}

/** A cell is of one colour: each of its lines gets it. */
function wrapCell(cell: string, width: number): string[] {
  const [on = '', off = ''] = cell.match(COLOUR_CODE) ?? [];
  const lines = wrapText(cell.replace(COLOUR_CODE, '').replace(/\s+/g, ' '), width);
  return on === '' ? lines : lines.map((line) => on + line + off);
}
