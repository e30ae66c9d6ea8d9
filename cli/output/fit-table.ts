/** Makes a table of plain texts fit a width: the widest columns get narrower, and their texts continue below. */
import { formatTable } from './format-table.ts';

const GAP = 2;
/** A narrower column would break most words. */
const NARROWEST = 12;

/** @param width in columns; undefined where nothing bounds it, as in a pipe */
export function fitTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  if (width === undefined) return formatTable(header, rows);
  const widths = fitWidths(
    header.map((title, column) => Math.max(title.length, ...rows.map((row) => lengthOf(row[column] ?? '')))),
    width,
  );
  return formatTable(
    header,
    rows.flatMap((row) => wrapRow(row, widths)),
  );
}

function fitWidths(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const room = width - GAP * (widths.length - 1);
  let over = widths.reduce((sum, each) => sum + each, 0) - room;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
    over -= 1;
  }
  return widths;
}

function wrapRow(row: readonly string[], widths: readonly number[]): string[][] {
  const cells = row.map((cell, column) => wrap(cell.replace(/\s+/g, ' '), widths[column] ?? 0));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => cells.map((lines) => lines[at] ?? ''));
}

/** Between words; a longer word is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => cut(each, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (lengthOf(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function cut(word: string, width: number): string[] {
  const letters = [...word];
  const parts = Math.max(1, Math.ceil(letters.length / width));
  return Array.from({ length: parts }, (_, at) => letters.slice(at * width, (at + 1) * width).join(''));
}

const lengthOf = (text: string): number => [...text].length;
