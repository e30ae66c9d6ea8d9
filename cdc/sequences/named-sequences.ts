/**
 * Sequences that only text names: in the body of a function that a default calls, or of a trigger. What is found so is a
 * guess; what is not, is reported as unseen. Pure.
 */

export interface SequenceName {
  readonly schema: string | undefined;
  readonly bare: string;
}

export interface NamedDraw {
  readonly sequence: SequenceName;
  /** Column that a trigger gives the value, where its text tells. */
  readonly column: string | undefined;
}

const DRAW =
  /(?:new\s*\.\s*("(?:[^"]|"")+"|\w+)\s*(?::=|=)\s*)?(?:pg_catalog\s*\.\s*)?nextval\s*\([\s(]*'((?:[^']|'')+)'/giu;
const INTO =
  /nextval\s*\([\s(]*'((?:[^']|'')+)'[^;]*?\binto\s+(?:strict\s+)?new\s*\.\s*("(?:[^"]|"")+"|\w+)/giu;

/** Each nextval() with a literal. */
export function findDraws(source: string): NamedDraw[] {
  const text = source.replace(/--[^\n]*/g, ' ').replace(/\/\*[\s\S]*?\*\//g, ' ');
  const into = [...text.matchAll(INTO)].map(([, name = '', column = '']) => [name, column] as const);
  return [...text.matchAll(DRAW)].flatMap(([, column, name = '']) => {
    const sequence = parseName(name.replaceAll("''", "'"));
    if (!sequence) return [];
    const filled = column ?? into.find(([other]) => other === name)?.[1];
    return [{ sequence, column: filled === undefined ? undefined : unquote(filled) }];
  });
}

/** Whether a value is drawn from a sequence that the text does not name as a literal. */
export function drawsUnnamed(source: string): boolean {
  const all = source.match(/nextval\s*\(/gi)?.length ?? 0;
  return all > findDraws(source).length;
}

/** `a.b`, `"A"."b.c"`, as regclass reads it; undefined for what is no such name. */
export function parseName(text: string): SequenceName | undefined {
  const part = /\s*("(?:[^"]|"")+"|[^\s."]+)\s*/y;
  const parts: string[] = [];
  for (;;) {
    const [, word] = part.exec(text) ?? [];
    if (word === undefined) return undefined;
    parts.push(unquote(word));
    if (part.lastIndex === text.length) break;
    if (text[part.lastIndex] !== '.') return undefined;
    part.lastIndex++;
  }
  const [bare = '', schema] = parts.reverse();
  return parts.length > 2 ? undefined : { schema, bare };
}

const unquote = (word: string): string =>
  word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();

/** What frameworks call the sequence that they draw a table's keys from themselves (Hibernate, Oracle habits, serial). */
export function conventionalNames(table: string, column: string): string[] {
  return [
    `${table}_${column}_seq`,
    `${table}_seq`,
    `${table}_sequence`,
    `seq_${table}`,
    `${column}_seq`,
    'hibernate_sequence',
  ];
}
