/**
 * Heads of old servers that are no strict HTTP/1.1 but have only one meaning: browsers, nginx and haproxy take them, so
 * a page that has them must not fail behind this proxy. Written again as the strict head that they mean, so that no
 * client and no later reader sees the original. Called by the response parser for a head that it would refuse; what
 * two readers could take for different things stays refused.
 *
 * | what | becomes | source |
 * | --- | --- | --- |
 * | lines that end in LF alone | CRLF | RFC 9112 section 2.2 |
 * | several spaces in the status line, a minor version above 1 | one space, HTTP/1.1 | section 4, RFC 9110 section 2.5 |
 * | folded lines | one line | RFC 9112 section 5.2 |
 * | spaces before a colon | none | section 5.1 |
 * | equal Content-Lengths, as lines or a list | one | RFC 9110 section 8.6 |
 * | fields of a body where there can be none: 1xx, 204; both kinds after HEAD and in a 304 | without them | RFC 9112 section 6.3 |
 */
import { trimSpace } from './field-text.ts';
import { MAX_LINES } from './head-lines.ts';

export type TidyHead =
  | { readonly kind: 'tidy' /** Strict, empty line included. */; readonly text: string; readonly end: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused' };

interface Field {
  readonly name: string;
  value: string;
}

const REFUSED: TidyHead = { kind: 'refused' };
const INCOMPLETE: TidyHead = { kind: 'incomplete' };
const VERSION = 'HTTP/1.';
const STATUS_LINE = /^HTTP\/1\.(\d) +([1-9]\d\d)(?: (.*))?$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:(.*)$/;
/** Their line would have no bounds, or none that all readers see. */
const NEVER = /[\0\r]/;
const LENGTH = 'content-length';
const CODING = 'transfer-encoding';
/** What follows on the connection might be a body after all. */
const CLOSE: Field = { name: 'Connection', value: 'close' };

/**
 * @param text what has come of the head, as latin1, perhaps with bytes behind it
 * @param isHead whether it answers HEAD
 */
export function tidyHead(text: string, isHead: boolean): TidyHead {
  if (!text.startsWith(VERSION.slice(0, text.length))) return REFUSED;
  let statusLine: RegExpExecArray | null = null;
  const fields: Field[] = [];
  let lines = 0;
  for (let at = 0; ; ) {
    const feed = text.indexOf('\n', at);
    if (feed === -1)
      return NEVER.test(text.slice(at, text.endsWith('\r') ? -1 : undefined)) ? REFUSED : INCOMPLETE;
    const line = text.slice(at, text[feed - 1] === '\r' ? feed - 1 : feed);
    at = feed + 1;
    if (NEVER.test(line)) return REFUSED;
    if (statusLine === null) {
      statusLine = STATUS_LINE.exec(line);
      if (statusLine === null) return REFUSED;
    } else if (line === '') return complete(statusLine, fields, isHead, at);
    else if (lines === MAX_LINES || !addLine(fields, line)) return REFUSED;
    else lines += 1;
  }
}

/** A line that begins with a space continues the one before it. */
function addLine(fields: Field[], line: string): boolean {
  if (line.startsWith(' ') || line.startsWith('\t')) {
    const last = fields.at(-1);
    if (last === undefined) return false;
    last.value = `${trimSpace(last.value)} ${trimSpace(line)}`;
    return true;
  }
  const field = FIELD.exec(line);
  if (field === null) return false;
  fields.push({ name: field[1]!, value: field[2]! });
  return true;
}

function complete(
  [, minor, status, reason]: RegExpExecArray,
  fields: readonly Field[],
  isHead: boolean,
  end: number,
): TidyHead {
  const framed = tidyFraming(fields, Number(status), isHead);
  if (framed === undefined) return REFUSED;
  const lines = framed.map(({ name, value }) => `${name}: ${trimSpace(value)}\r\n`).join('');
  const version = minor === '0' ? '1.0' : '1.1';
  return { kind: 'tidy', text: `HTTP/${version} ${status} ${reason ?? ''}\r\n${lines}\r\n`, end };
}

/** The fields with one framing at most; undefined where their lengths contradict one another. */
function tidyFraming(
  fields: readonly Field[],
  status: number,
  isHead: boolean,
): readonly Field[] | undefined {
  const named = (...names: string[]) => fields.filter(({ name }) => names.includes(name.toLowerCase()));
  const without = (dropped: readonly Field[]) => fields.filter((field) => !dropped.includes(field));
  const [lengths, codings] = [named(LENGTH), named(CODING)];
  if (status === 204 || status < 200) {
    const isEmpty = codings.length === 0 && lengths.every(({ value }) => trimSpace(value) === '0');
    return isEmpty ? without(lengths) : [...without([...lengths, ...codings]), CLOSE];
  }
  if (codings.length > 0 && (isHead || status === 304)) return [...without(lengths), CLOSE];
  const values = new Set(lengths.flatMap(({ value }) => value.split(',')).map(trimSpace));
  if (values.size > 1) return undefined;
  const [first, ...others] = lengths;
  if (first !== undefined) first.value = [...values][0]!;
  return without(others);
}
