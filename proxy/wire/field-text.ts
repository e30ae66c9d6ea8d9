/** Small readings and writings of field values, for heads of either direction. */

/** Whether a value begins with a word of lower-case letters, `-` and `/`, whatever its case. */
export function startsWith(memory: Buffer, from: number, to: number, word: string): boolean {
  let at = from;
  while (at < to && (memory[at] === 32 || memory[at] === 9)) at += 1;
  if (to - at < word.length) return false;
  for (let i = 0; i < word.length; i += 1) {
    if ((memory[at + i]! | 32) !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether a value, in its usual spelling, is exactly this word. */
export function isWhole(memory: Buffer, from: number, to: number, word: string): boolean {
  return to - from === word.length + 1 && memory[from] === 32 && startsWith(memory, from, to, word);
}

/** Lines from a flat list. */
export function joinFields(fields: readonly string[]): string {
  let text = '';
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return text;
}

/** Without spaces and tabs around it (RFC 9110 section 5.6.3). */
export function trimSpace(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && (value.charCodeAt(from) === 32 || value.charCodeAt(from) === 9)) from += 1;
  while (to > from && (value.charCodeAt(to - 1) === 32 || value.charCodeAt(to - 1) === 9)) to -= 1;
  return from === 0 && to === value.length ? value : value.slice(from, to);
}
