/**
 * Keys of rows in messages, logs and reports. A row that cannot be found cannot be fixed; a key may be an e-mail address.
 * Numbers, UUIDs and short codes are shown; what may be a date, or a name with a dot, is none. Of anything else there is the beginning of its digest:
 * `WHERE left(encode(sha256(convert_to(COLUMN::text, 'UTF8')), 'hex'), 12) = '…'` finds the row.
 */
import { createHash } from 'node:crypto';

const NUMBER = /^-?\d{1,40}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CODE = /^[A-Za-z0-9_:-]{1,12}$/;
/** 1984-05-17, 17-5-84, 1984-05: a date of birth, say. */
const LIKE_A_DATE = /\d[-:_]\d+([-:_]|$)/;
const DIGITS = 12;

export function isShownKey(value: string): boolean {
  return NUMBER.test(value) || UUID.test(value) || (CODE.test(value) && !LIKE_A_DATE.test(value));
}

/** `id=5, email=sha256:973dfe463ec8` */
export function showKey(
  columns: readonly (readonly [name: string | undefined, value: string | null])[],
): string {
  return columns.map(([name, value]) => `${name}=${showKeyValue(value)}`).join(', ');
}

function showKeyValue(value: string | null): string {
  if (value === null) return 'null';
  if (isShownKey(value)) return value;
  return `sha256:${createHash('sha256').update(value).digest('hex').slice(0, DIGITS)}`;
}
