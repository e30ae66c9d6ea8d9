/**
 * Reads a name at a path of a JSON document: `user.id` in an answer of the legacy, `realm_access.tenant` in a token's
 * claims. A key may have dots itself (`https://shop.example/tenant`): at each step the longest key that the document has
 * is tried first.
 */

/** A name, null when the document says that there is none, undefined when nothing that could be a name is there. */
export type TextAt = string | null | undefined;

export function textAt(document: unknown, path: string): TextAt {
  if (path === '') return textOf(document);
  // `{"user": null}` says for user.id as well that no user is logged in.
  if (document === null || document === false || document === '') return null;
  if (typeof document !== 'object') return undefined;
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const key = path.slice(0, end);
    if (!isOwn.call(document, key)) continue;
    const found = textAt((document as Record<string, unknown>)[key], path.slice(end + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Enumerable as well: a list's length is no name. */
const isOwn = Object.prototype.propertyIsEnumerable;

/** A longer one could make the assertion larger than what servers take as a head. */
const LONGEST_NAME = 4_096;

function textOf(value: unknown): TextAt {
  if (value === null || value === false || value === '') return null;
  if (typeof value === 'string')
    return value.trim() === '' || value.length > LONGEST_NAME ? undefined : value;
  // A number that was rounded would name another user.
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** JSON whose whole numbers that a double would round are kept as text. @throws SyntaxError */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, ((_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    return context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
  }) as (key: string, value: unknown) => unknown);
}
