/**
 * Puts a key into a map of an existing ficus.yaml. The text around it stays as it is, comments included: only lines are
 * added, at the end of the map, or a short entry before its closing brace.
 */
import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, parseDocument, type YAMLMap } from 'yaml';

export type Inserted = { readonly text: string } | { readonly why: string };

export interface KeyLines {
  /** Of the map: `['slices', 'orders']`; empty for the file itself. */
  readonly path: readonly string[];
  readonly key: string;
  /** A key of the same map behind which it goes; by default the last. What follows the last may belong to it as comments. */
  readonly after?: string;
  /** `key:` and what is below it, without indentation. */
  readonly lines: readonly string[];
}

export function insertKey(text: string, { path, key, after, lines }: KeyLines): Inserted {
  const document = parseDocument(text);
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(node) || node.range == null) return { why: 'it is not written as lines of its own' };
  if (node.has(key)) return { why: `it has ${key} already` };
  const [line] = lines;
  if (node.flow && (lines.length > 1 || line === undefined || node.items.length === 0))
    return { why: 'it is not written as lines of its own' };
  const made = node.flow ? beforeBrace(text, node.range[1], line ?? '') : behind(text, node, after, lines);
  const keeps = made !== undefined && keepsAllElse(text, made, path, key);
  return keeps ? { text: made } : { why: 'its end cannot be found' };
}

/** @param end behind the brace */
function beforeBrace(text: string, end: number, entry: string): string {
  const before = text.slice(0, end - 1);
  return `${before.trimEnd().replace(/,$/, '')}, ${entry} }${text.slice(end)}`;
}

/** Behind the line in which the map, or its key `after`, ends, and a comment in that line. */
function behind(
  text: string,
  node: YAMLMap,
  after: string | undefined,
  lines: readonly string[],
): string | undefined {
  const [first] = node.items;
  const last = after === undefined ? node.items.at(-1)?.value : node.get(after, true);
  const begins = isScalar(first?.key) ? first.key.range?.[0] : undefined;
  const ends = isNode(last) ? last.range?.[1] : undefined;
  if (begins === undefined || ends === undefined) return undefined;
  const indentation = ' '.repeat(begins - (text.lastIndexOf('\n', begins - 1) + 1));
  const bare = text.slice(0, ends).trimEnd().length;
  const lineEnd = text.indexOf('\n', bare);
  const at = lineEnd === -1 ? text.length : lineEnd;
  const added = lines.map((line) => indentation + line).join('\n');
  return `${text.slice(0, at)}\n${added}${text.slice(at)}`;
}

/** An alias of the map, say, would get the key as well. */
function keepsAllElse(before: string, after: string, path: readonly string[], key: string): boolean {
  const document = parseDocument(after);
  if (document.errors.length > 0) return false;
  const is = plainOf(document.toJS());
  const map = path.reduce<Plain | undefined>((at, step) => at?.[step] as Plain | undefined, is);
  if (map === undefined || !(key in map)) return false;
  delete map[key];
  return isDeepStrictEqual(plainOf(parseDocument(before).toJS()), is);
}

/** An alias and what it names are one object otherwise. */
const plainOf = (value: unknown): Plain => JSON.parse(JSON.stringify(value)) as Plain;

type Plain = Record<string, unknown>;
