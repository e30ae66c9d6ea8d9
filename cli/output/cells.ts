/**
 * How many columns of a terminal a text takes: two for a letter of Chinese, Japanese and Korean and for an emoji, none for
 * a mark on the letter before it, and none for a colour of ours.
 */

const SEGMENTS = new Intl.Segmenter();
const ASCII = /^[ -~]*$/;
/** Scripts, and the punctuation and forms that are as wide as their letters. */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\u3000-\u303e\u30fc\uff01-\uff60\uffe0-\uffe6]/u;
const HALFWIDTH = /^[\uff61-\uffdc]/;
const EMOJI = /^\p{Emoji_Presentation}|^\p{Extended_Pictographic}\ufe0f|^[#*\d]\ufe0f?\u20e3/u;
const WITHOUT_WIDTH = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
export const COLOUR_CODE = /\u001b\[[0-9;]*m/g;

/** Of a text of one line. */
export function cellsOf(text: string): number {
  const bare = text.replace(COLOUR_CODE, '');
  if (ASCII.test(bare)) return bare.length;
  let cells = 0;
  for (const { segment } of SEGMENTS.segment(bare)) cells += cellsOfLetter(segment);
  return cells;
}

function cellsOfLetter(letter: string): number {
  if (WITHOUT_WIDTH.test(letter)) return 0;
  return EMOJI.test(letter) || (WIDE.test(letter) && !HALFWIDTH.test(letter)) ? 2 : 1;
}

/** Letters as they are seen: one is never parted. @param text without colours */
export const lettersOf = (text: string): string[] =>
  ASCII.test(text) ? [...text] : [...SEGMENTS.segment(text)].map(({ segment }) => segment);

/** The beginning of a text that fits, without colours; at least one letter of it. */
export function takeCells(text: string, cells: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(1, cells));
  let taken = '';
  let left = cells;
  for (const letter of lettersOf(text)) {
    left -= cellsOfLetter(letter);
    if (left < 0 && taken !== '') return taken;
    taken += letter;
  }
  return taken;
}
