/** Breaks texts into lines that fit, and loses nothing of them. */
import { COLOUR_CODE, cellsOf, takeCells } from './cells.ts';

/** Between words; a longer word is parted, if possible where it has a mark. @param text without colours */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => partWord(each, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (cellsOf(longer) <= width) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** `public.customer_notifications` → `public.`, `customer_`, `notifications` */
function partWord(word: string, width: number): string[] {
  const parts: string[] = [];
  let rest = word;
  while (cellsOf(rest) > width) {
    const fits = takeCells(rest, width);
    const marked = lastBreak(rest, fits.length);
    const part = marked * 2 >= fits.length ? rest.slice(0, marked) : fits;
    if (part.length === rest.length) break;
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return [...parts, rest];
}

/** Behind a mark; the marks of a number and of a time belong to it. */
const BREAK = /(?<=[._/:,-])(?!\d)/g;

/** The last place up to `end` at which the text may be parted; 0 for none. */
function lastBreak(text: string, end: number): number {
  return Math.max(0, ...[...text.matchAll(BREAK)].map(({ index }) => index).filter((index) => index <= end));
}

/** What a wrapped text holds together, as far as it fits. */
export const partsOf = (text: string): string[] => text.split(/\s+/).flatMap((word) => word.split(BREAK));

/** Where the text of a line begins that has a name before it, as in `  way back  The legacy …`. */
const BEGINNING = /^\s*(?:\S+(?: \S+)?\s{2,})?/;

/**
 * A line of a picture, as the lines that it takes: those that follow are indented like its text. Colours pass through,
 * and last from one line to the next.
 */
export function wrapLine(line: string, width: number): string[] {
  if (cellsOf(line) <= width) return [line];
  const begins = BEGINNING.exec(line.replace(COLOUR_CODE, ''))?.[0].length ?? 0;
  const indent = begins * 2 <= width ? ' '.repeat(begins) : '';
  const lines: string[] = [];
  let current = '';
  for (const piece of line.split(/(?<=[^ ] )(?=[^ ])/)) {
    if (current.trim() !== '' && cellsOf(current + piece.trimEnd()) > width) {
      lines.push(current.trimEnd());
      current = indent;
    }
    current = partPiece(current + piece, width, indent, lines);
  }
  return [...lines, current.trimEnd()];
}

/** A word longer than a line: its full lines are added to `lines`. @returns what is left of it */
function partPiece(text: string, width: number, indent: string, lines: string[]): string {
  let rest = text;
  while (cellsOf(rest.trimEnd()) > width) {
    const fits = takeColoured(rest, width);
    if (fits.length === rest.length) return rest;
    lines.push(fits);
    rest = indent + rest.slice(fits.length);
  }
  return rest;
}

const COLOURS = new RegExp(`(${COLOUR_CODE.source})`);

/** The beginning that fits; codes of colours take no column, and are not parted. */
function takeColoured(text: string, width: number): string {
  let taken = '';
  let left = width;
  for (const part of text.split(COLOURS)) {
    if (cellsOf(part) > left) return left > 0 ? taken + takeCells(part, left) : taken;
    taken += part;
    left -= cellsOf(part);
  }
  return taken;
}
