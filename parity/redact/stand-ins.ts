/**
 * What takes the place of a stranger's value in a stored sample: a text of the same shape, word by word, letters for
 * letters and digits for digits. Equal words get equal stand-ins within one comparison, so that a reader sees where two
 * values differ, and how (a missing word, another format), and never what they are. The key is made for one comparison:
 * two samples cannot be joined, and a known value cannot be looked up.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { KEPT_WORDS } from './kept-words.ts';

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Neither ASCII nor in a word: symbols, invisible characters. */
const OTHER = /[^\x20-\x7e\p{L}\p{M}\p{N}…]/gu;

const LONGEST = 200;

export class StandIns {
  readonly #key = randomBytes(16);
  readonly #words = new Map<string, string>();

  /** The text's shape, without marks: `Mia Berg, 1980` → `Qoh Ztuw, 5521`. Long ones are cut. */
  shapeOf(text: string): string {
    const shown = text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
    return shown.replace(OTHER, '?').replace(WORD, (word) => this.#standIn(word));
  }

  /** `‹Qoh Ztuw›`: the marks say that it is not the value itself. */
  of(text: string): string {
    return text === '' ? '' : `‹${this.shapeOf(text)}›`;
  }

  /** Tells two values apart that have the same stand-in. */
  tag(text: string | Uint8Array): string {
    return `#${this.#digest(text).toString('hex', 0, 2)}`;
  }

  #standIn(word: string): string {
    if (KEPT_WORDS.has(word)) return word;
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const made = this.#make(word);
    this.#words.set(word, made);
    return made;
  }

  #make(word: string): string {
    let digest = this.#digest(word);
    let at = 0;
    let made = '';
    for (const character of word) {
      if (at === digest.length) {
        digest = this.#digest(digest);
        at = 0;
      }
      made += alike(character, digest[at++]!);
    }
    return made;
  }

  #digest(content: string | Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(content).digest();
  }
}

function alike(character: string, byte: number): string {
  if (/\p{N}/u.test(character)) return String(byte % 10);
  return String.fromCharCode((/\p{Lu}/u.test(character) ? 65 : 97) + (byte % 26));
}
