/**
 * JSON that PostgreSQL stores. JSON.stringify writes NUL and halves of surrogate pairs as escapes, which jsonb refuses: one
 * such character, in a body that a team allows to be shown, would keep all that is stored with it from being stored.
 */

/** Every escape, so that an escaped backslash before `u0000` is not taken for the beginning of one. */
const ESCAPE = /\\(?:(u0000|ud[89a-f][0-9a-f]{2})|.)/g;

/** @param value with other characters in their place: U+FFFD */
export function jsonbText(value: unknown): string {
  return JSON.stringify(value).replace(ESCAPE, (whole, refused?: string) => (refused ? '\ufffd' : whole));
}
