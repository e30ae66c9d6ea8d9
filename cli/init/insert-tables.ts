/**
 * Puts `tables:` into a slice of an existing ficus.yaml. The text around it stays as it is, comments included: only lines are
 * added, at the end of the slice.
 */
import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, parseDocument } from 'yaml';

export type Inserted = { readonly text: string } | { readonly why: string };

/** @param lines of `tables:`, without indentation */
export function insertTables(text: string, slice: string, lines: readonly string[]): Inserted {
  const node = parseDocument(text).getIn(['slices', slice], true);
  if (!isMap(node) || node.flow || node.range == null)
    return { why: 'it is not written as lines of its own' };
  if (node.has('tables')) return { why: 'it has tables already' };
  const [first] = node.items;
  const last = node.items.at(-1)?.value;
  const begins = isScalar(first?.key) ? first.key.range?.[0] : undefined;
  const ends = isNode(last) ? last.range?.[1] : undefined;
  if (begins === undefined || ends === undefined) return { why: 'its end cannot be found' };
  const indentation = ' '.repeat(begins - (text.lastIndexOf('\n', begins - 1) + 1));
  const made = added(
    text,
    ends,
    lines.map((line) => indentation + line),
  );
  return keepsAllElse(text, made, slice) ? { text: made } : { why: 'its end cannot be found' };
}

/** Behind the line in which the slice ends, and a comment in that line. */
function added(text: string, end: number, lines: readonly string[]): string {
  const bare = text.slice(0, end).trimEnd().length;
  const lineEnd = text.indexOf('\n', bare);
  const at = lineEnd === -1 ? text.length : lineEnd;
  return `${text.slice(0, at)}\n${lines.join('\n')}${text.slice(at)}`;
}

/** An alias of the slice, say, would get the tables as well. */
function keepsAllElse(before: string, after: string, slice: string): boolean {
  const document = parseDocument(after);
  if (document.errors.length > 0) return false;
  const was = parseDocument(before).toJS() as Config;
  const is = document.toJS() as Config;
  const { tables: _, ...rest } = is.slices[slice] ?? {};
  return isDeepStrictEqual(was, { ...is, slices: { ...is.slices, [slice]: rest } });
}

interface Config {
  readonly slices: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
