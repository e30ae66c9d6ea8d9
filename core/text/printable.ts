/**
 * Texts of strangers for terminals and logs. A control character moves the cursor, hides or rewrites what stands before; a
 * mark of direction shows a text in another order than it has. Both become visible escapes.
 */

/** C0, DEL, C1 · separators of lines · marks of direction · invisible characters · halves of a surrogate pair. */
const UNPRINTABLE =
  /[\p{Cc}\u2028\u2029\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}\p{Cs}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line that can be printed: `a\nb` with a visible escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, visible);
}

/** The same for a text of several lines, whose breaks stay. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : visible(character)));
}

/** A JSON text that means the same and can be printed: JSON itself escapes C0 alone. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (character) =>
    character < ' ' ? character : [...unitsOf(character)].join(''),
  );
}

function visible(character: string): string {
  return SHORT[character] ?? [...unitsOf(character)].join('');
}

function* unitsOf(character: string): Generator<string> {
  for (let at = 0; at < character.length; at++)
    yield `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
}
