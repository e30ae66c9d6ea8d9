/**
 * What a statement does, without the values in it: they may be personal data. Strings, numbers and comments go; names of
 * tables and columns stay. Texts are cut off by the database at 300 characters, perhaps inside a string.
 *
 * Where it cannot be known what is a string, the rest is left out: `'a\'` ends there or continues, by a setting of the
 * session.
 */

/** In the order in which they are tried: each takes as much as it can, also where its end is cut off. */
const TOKENS: readonly { readonly of: RegExp; readonly as: (text: string) => string }[] = [
  { of: /--[^\n]*/y, as: () => ' ' },
  // Comments nest: what follows the first of two ends may still be comment, and is left out with it.
  { of: /\/\*[\s\S]*?(?:\*\/|$)/y, as: (text) => (text.indexOf('/*', 2) > 0 ? CUT : ' ') },
  { of: /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y, as: () => '' },
  { of: /(?:[eE]|[uU]&|[bBxXnN])?'(?:[^'\\]|'')*(?:'|$|(?=\\))/y, as: (text) => stringAs(text) },
  { of: /"(?:[^"]|"")*(?:"|$)/y, as: (text) => text },
  { of: /\$\d+/y, as: (text) => text },
  { of: /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y, as: (text) => text },
  { of: /\d[\dA-Za-z_.]*(?:(?<=[eE])[+-]\d+)?|\.\d[\dA-Za-z_]*(?:(?<=[eE])[+-]\d+)?/y, as: () => '?' },
  { of: /\s+/y, as: () => ' ' },
];

const CUT = '…';
const LONGEST = 200;

/** One line of at most 200 characters. */
export function redactStatement(query: string): string {
  let shown = '';
  for (let at = 0; at < query.length; ) {
    const { text, as } = tokenAt(query, at);
    if (text.startsWith('$') && text.endsWith('$') && text.length > 1) {
      const end = query.indexOf(text, at + text.length);
      shown += '?';
      at = end < 0 ? query.length : end + text.length;
      continue;
    }
    shown += as;
    at += text.length;
    if (as.endsWith(CUT)) break;
  }
  const line = shown.replace(/\s+/g, ' ').trim().replace(LISTS, '?, …');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}${CUT}` : line;
}

/** Long lists of values say no more than short ones. */
const LISTS = /\?(?:, ?\?){3,}/g;

function tokenAt(query: string, at: number): { readonly text: string; readonly as: string } {
  for (const { of, as } of TOKENS) {
    of.lastIndex = at;
    const text = of.exec(query)?.[0];
    if (text) return { text, as: as(text) };
  }
  return { text: query[at]!, as: query[at]! };
}

/** A backslash stops the match: the string's end cannot be known. */
const stringAs = (text: string): string => (text.length > 1 && text.endsWith("'") ? '?' : `?${CUT}`);
