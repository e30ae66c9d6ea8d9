/**
 * Reading `IncomingMessage.rawHeaders` without building `headers`: a flat list, names as the client wrote them.
 * Node's own object merges and drops duplicates, and costs more than all the reading done here.
 */

/** The first value of a header, or undefined. @param name in lower case */
export function headerValue(rawHeaders: readonly string[], name: string): string | undefined {
  const length = name.length;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index]!;
    if (candidate.length === length && (candidate === name || candidate.toLowerCase() === name)) {
      return rawHeaders[index + 1];
    }
  }
  return undefined;
}

/** All values of a header. @param name in lower case */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
}

const NOT_ALPHANUMERIC = /[^0-9A-Za-z-]/g;

/** CGI and WSGI servers make one variable of `X-User` and `X_User`; lighttpd and PHP also of `X.User`, `X~User` and the like. */
export const hyphenated = (name: string): string => name.replace(NOT_ALPHANUMERIC, '-');

/** Whether the header stands in the list more than once. Other spellings do not count: no side gets them. @param name in lower case */
export function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let found = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name) found += 1;
  }
  return found > 1;
}

/** Whether a flat list has a field of this name, whatever its case. */
export const isSet = (fields: readonly string[], name: string): boolean => fieldAt(fields, name) !== -1;

/** Where it has it; -1 where it has none. */
export function fieldAt(fields: readonly string[], name: string): number {
  for (let i = 0; i < fields.length; i += 2) {
    const field = fields[i]!;
    // Nearly all differ in length or in the first letter.
    if (field.length !== name.length || ((field.charCodeAt(0) ^ name.charCodeAt(0)) & ~32) !== 0) continue;
    if (field === name || field.toLowerCase() === name.toLowerCase()) return i;
  }
  return -1;
}
