/**
 * JSON as it is compared: numbers stay as they were written. `10000000000000001` and `10000000000000000` are one
 * number to JavaScript and two different amounts to an accountant; `1.10` and `1.1` differ to a client that shows them.
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
