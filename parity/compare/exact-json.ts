/**
 * JSON read for comparison: numbers stay as they were written. `10000000000000001` and `10000000000000000` are one
 * number to JavaScript and two different amounts to an accountant; `1.10` and `1.1` differ to a client that shows them.
 * When a member is named twice the last one counts, as everywhere in JavaScript.
 *
 * Keeping the text of each number makes parsing ten times as expensive. Most documents hold only numbers whose text
 * follows from their value (few digits, no exponent, no trailing zero): those are read as plain numbers.
 */

/** A number, as written. */
export class JsonNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type ExactJson =
  | null
  | boolean
  | string
  /** Only in documents that have nothing but plain numbers. */
  | number
  | JsonNumber
  | readonly ExactJson[]
  | { readonly [name: string]: ExactJson };

/**
 * A number that may share its value with another text: -0, a trailing zero, more digits than a double holds, an
 * exponent, or so small that it would be printed with one. It may also match inside a string: that only costs time.
 * Long runs of digits match at their 16th, whatever follows: V8 throws where an expression has to step back over millions.
 */
const AMBIGUOUS_NUMBER =
  /(?:^|[:,[\s])(?:-?[\d.]{16}|-?[\d.]+[eE][+-]?\d{16}|(?:-0|-?\d+\.\d*0|-?0\.0{5}\d*|-?[\d.]+[eE][+-]?\d{1,15})(?=[\s,\]}]|$))/;

/** ECMAScript 2026: the third argument of a reviver carries the source text of a primitive. */
type SourceReviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

const keepNumbers: SourceReviver = (_key, value, context) =>
  typeof value === 'number' ? new JsonNumber(context.source ?? String(value)) : value;

/** Both documents, parsed in the same way; `undefined` when one is not JSON, or nested too deep. */
export function parseExactPair(left: string, right: string): readonly [ExactJson, ExactJson] | undefined {
  const exact = AMBIGUOUS_NUMBER.test(left) || AMBIGUOUS_NUMBER.test(right);
  try {
    return [parse(left, exact), parse(right, exact)];
  } catch {
    return undefined;
  }
}

function parse(text: string, exact: boolean): ExactJson {
  if (!exact) return JSON.parse(text) as ExactJson;
  return JSON.parse(text, keepNumbers as (key: string, value: unknown) => unknown) as ExactJson;
}

export function isMembers(value: ExactJson): value is { readonly [name: string]: ExactJson } {
  return (
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof JsonNumber)
  );
}

/** Back to text, numbers as they were written. */
export function printExactJson(value: ExactJson): string {
  if (value instanceof JsonNumber) return value.source;
  if (Array.isArray(value)) return `[${value.map(printExactJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).map(
      ([name, member]) => `${JSON.stringify(name)}:${printExactJson(member)}`,
    );
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
