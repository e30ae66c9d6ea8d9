/** How many columns of a terminal a text takes, and what of it fits. */
import stringWidth from 'string-width';

const SEGMENTS = new Intl.Segmenter();
const ASCII = /^[ -~]*$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
export const COLOUR_CODE = /\u001b\[[0-9;]*m/g;

/** Of a text of one line: two for a letter of Chinese and for an emoji, none for a mark on a letter or a colour of ours. */
export const cellsOf = (text: string): number => stringWidth(text);

/** Letters as they are seen: one is never parted. @param text without colours */
const lettersOf = (text: string): string[] =>
  ASCII.test(text) ? [...text] : [...SEGMENTS.segment(text)].map(({ segment }) => segment);

/** The beginning of a text that fits, without colours; at least one letter of it. */
export function takeCells(text: string, cells: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(1, cells));
  let taken = '';
  let left = cells;
  for (const letter of lettersOf(text)) {
    left -= cellsOf(letter);
    if (left < 0 && taken !== '') return taken;
    taken += letter;
  }
  return taken;
}
