/**
 * A second opinion on HTTP/1.1 framing, written only from RFC 9112 and sharing no code with the proxy: slow, over whole
 * texts (latin1), with regular expressions that can be compared with the grammar. The upstreams of these tests read
 * requests with it, so that a smuggled request shows as one request more; the fuzzer checks the proxy's response parser
 * against it.
 */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const FIELD = new RegExp(
  `^(${TOKEN}):[ \\t]*((?:[\\t\\x20-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)[ \\t]*$`,
);
/** Of an upstream: with what RFC 9112 lets a gateway tolerate in answers. A control character ends no line. */
const LOOSE_FIELD = new RegExp(`^(${TOKEN})[ \\t]*:[ \\t]*((?:[^\\0\\r\\n]*[^\\0\\r\\n \\t])?)[ \\t]*$`);
const LOOSE_TRAILER = new RegExp(`^(${TOKEN}):[ \\t]*((?:[^\\0\\r\\n]*[^\\0\\r\\n \\t])?)[ \\t]*$`);
const LOOSE_STATUS_LINE = /^HTTP\/1\.(\d) +([1-9]\d\d)(?: ([^\0\r\n]*))?$/;
const CHUNK_LINE = /^([0-9A-Fa-f]+)[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

export type Fields = readonly (readonly [name: string, value: string])[];

export interface ReadRequest {
  readonly line: string;
  readonly fields: Fields;
  readonly body: string;
  readonly trailers: Fields;
  /** All of it as it came. */
  readonly raw: string;
}

interface ReadResponse {
  readonly status: number;
  readonly statusLine: string;
  readonly fields: Fields;
  readonly body: string;
  readonly trailers: Fields;
  /** Interim responses before it. */
  readonly interims: readonly { readonly status: number; readonly fields: Fields }[];
  /** What follows the message. */
  readonly rest: string;
  /** True when only the end of the stream ended it. */
  readonly untilClose: boolean;
  /** It has fields of a body that it cannot have: what follows may be that body. */
  readonly claimsBody: boolean;
  readonly http10: boolean;
}

export type Reading<T> =
  | { readonly kind: 'complete'; readonly message: T }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly why: string };

const INCOMPLETE = { kind: 'incomplete' } as const;
const refused = (why: string) => ({ kind: 'refused', why }) as const;

export function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

interface Section {
  readonly lines: readonly string[];
  readonly end: number;
}

/** Lines up to the empty one. Line breaks other than CRLF leave their bytes in the line, where they are refused. */
function readSection(text: string, from: number): Section | undefined {
  if (text.startsWith('\r\n', from)) return { lines: [], end: from + 2 };
  const end = text.indexOf('\r\n\r\n', from);
  return end === -1 ? undefined : { lines: text.slice(from, end).split('\r\n'), end: end + 4 };
}

/** The same where LF alone may end a line, and one that begins with a space continues the one before it. */
function readLooseSection(text: string, from: number): Section | undefined {
  const empty = /\r?\n\r?\n/g;
  empty.lastIndex = from;
  const match = empty.exec(text);
  if (!match) return undefined;
  const section = text.slice(from, match.index);
  const [first = '', ...rest] = section.split(/\r?\n/);
  // Nothing continues the status line.
  if (/^[ \t]/.test(rest[0] ?? '')) return { lines: [first, rest[0]!], end: empty.lastIndex };
  const lines = section.replace(/(?:[ \t]*\r?\n[ \t]+)+/g, ' ').split(/\r?\n/);
  return { lines, end: empty.lastIndex };
}

function readFields(lines: readonly string[], pattern = FIELD): Fields | undefined {
  const fields: [string, string][] = [];
  for (const line of lines) {
    const match = pattern.exec(line);
    if (!match) return undefined;
    fields.push([match[1]!, match[2]!]);
  }
  return fields;
}

interface Body {
  readonly body: string;
  readonly trailers: Fields;
  readonly end: number;
}

/** @param breaks what ends a line, the longest first */
function readChunked(text: string, from: number, breaks: readonly string[] = ['\r\n']): Reading<Body> {
  const breakAt = (at: number): string | undefined => breaks.find((each) => text.startsWith(each, at));
  let body = '';
  for (let at = from; ; ) {
    let end = at;
    while (end < text.length && breakAt(end) === undefined) end += 1;
    if (end === text.length) return INCOMPLETE;
    const match = CHUNK_LINE.exec(text.slice(at, end));
    if (!match || Number.parseInt(match[1]!, 16) > Number.MAX_SAFE_INTEGER) return refused('chunk size');
    const size = Number.parseInt(match[1]!, 16);
    at = end + breakAt(end)!.length;
    if (size === 0) {
      const last = breakAt(at);
      const section = last ? { lines: [], end: at + last.length } : readSection(text, at);
      if (!section) return INCOMPLETE;
      const trailers = readFields(section.lines, breaks.length > 1 ? LOOSE_TRAILER : FIELD);
      return trailers
        ? { kind: 'complete', message: { body, trailers, end: section.end } }
        : refused('trailers');
    }
    const ending = breakAt(at + size);
    if (ending === undefined) {
      const after = text.slice(at + size);
      return after === '' || after === '\r' ? INCOMPLETE : refused('chunk end');
    }
    body += text.slice(at, at + size);
    at += size + ending.length;
  }
}

function readCounted(text: string, from: number, lengths: readonly string[]): Reading<Body> {
  if (lengths.length > 1) return refused('several Content-Length');
  if (!/^\d{1,15}$/.test(lengths[0]!)) return refused('Content-Length');
  const end = from + Number(lengths[0]);
  if (text.length < end) return INCOMPLETE;
  return { kind: 'complete', message: { body: text.slice(from, end), trailers: [], end } };
}

/** The first request of a text. */
export function readRequest(text: string): Reading<ReadRequest> {
  const section = readSection(text, 0);
  if (!section) return INCOMPLETE;
  const [line = '', ...rest] = section.lines;
  const fields = readFields(rest);
  if (!fields || !/^[A-Z][A-Z0-9_-]* [\x21-\xff]+ HTTP\/1\.[01]$/.test(line)) return refused('head');
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0 && lengths.length > 0) return refused('two framings');
  if (codings.length > 1 || (codings.length === 1 && codings[0]!.toLowerCase() !== 'chunked'))
    return refused('coding');
  let body: Reading<Body> = { kind: 'complete', message: { body: '', trailers: [], end: section.end } };
  if (codings.length > 0) body = readChunked(text, section.end);
  else if (lengths.length > 0) body = readCounted(text, section.end, lengths);
  if (body.kind !== 'complete') return body;
  const { end, ...parts } = body.message;
  return { kind: 'complete', message: { line, fields, ...parts, raw: text.slice(0, end) } };
}

/** An answer's fields with one framing at most, and whether any other was dropped. */
function settleFraming(
  fields: Fields,
  status: number,
  method: string,
): { fields: Fields; claimsBody: boolean } {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length').flatMap((value) => value.split(/[ \t]*,[ \t]*/));
  const without = (...names: string[]) => fields.filter(([name]) => !names.includes(name.toLowerCase()));
  if (status < 200 || status === 204) {
    const claimsBody = codings.length > 0 || lengths.some((value) => value !== '0');
    return { fields: without('content-length', 'transfer-encoding'), claimsBody };
  }
  if (codings.length > 0 && lengths.length > 0 && (method === 'HEAD' || status === 304)) {
    return { fields: without('content-length'), claimsBody: true };
  }
  if (new Set(lengths).size !== 1) return { fields, claimsBody: false };
  const first = fields.findIndex(([name]) => name.toLowerCase() === 'content-length');
  const once = fields.flatMap(([name, value], at) => {
    if (name.toLowerCase() !== 'content-length') return [[name, value] as const];
    return at === first ? [[name, lengths[0]!] as const] : [];
  });
  return { fields: once, claimsBody: false };
}

/**
 * The final response of a text, with the interim ones before it.
 * @param ended whether the stream is over
 * @param loose whether an upstream wrote it, and not the proxy
 */
export function readResponse(
  text: string,
  method: string,
  ended: boolean,
  loose = false,
): Reading<ReadResponse> {
  const interims: { status: number; fields: Fields }[] = [];
  for (let from = 0; ; ) {
    const section = loose ? readLooseSection(text, from) : readSection(text, from);
    if (!section) return INCOMPLETE;
    const [statusLine = '', ...rest] = section.lines;
    const status = (loose ? LOOSE_STATUS_LINE : STATUS_LINE).exec(statusLine);
    const written = readFields(rest, loose ? LOOSE_FIELD : FIELD);
    if (!status || !written) return refused('head');
    const code = Number(status[2]);
    const settled = loose ? settleFraming(written, code, method) : { fields: written, claimsBody: false };
    const { fields } = settled;
    const codings = valuesOf(fields, 'transfer-encoding');
    const lengths = valuesOf(fields, 'content-length');
    if (codings.length > 0 && (lengths.length > 0 || status[1] === '0')) return refused('two framings');
    if (codings.length > 1 || (codings.length === 1 && codings[0]!.toLowerCase() !== 'chunked'))
      return refused('coding');
    if (lengths.length > 1 || (lengths.length === 1 && !/^\d{1,15}$/.test(lengths[0]!)))
      return refused('Content-Length');
    const claimsBody = codings.length > 0 || Number(lengths[0] ?? 0) > 0;
    if (code === 101) return refused('101 without an upgrade request');
    if (code < 200) {
      if (claimsBody) return refused('interim with a body');
      interims.push({ status: code, fields });
      from = section.end;
      continue;
    }
    if (code === 204 && claimsBody) return refused('204 with a body');
    const bodiless = method === 'HEAD' || code === 204 || code === 304;
    let body: Reading<Body>;
    const untilClose = !bodiless && codings.length === 0 && lengths.length === 0;
    if (bodiless) body = { kind: 'complete', message: { body: '', trailers: [], end: section.end } };
    else if (codings.length > 0) body = readChunked(text, section.end, loose ? ['\r\n', '\n'] : undefined);
    else if (lengths.length > 0) body = readCounted(text, section.end, lengths);
    else if (!ended) return INCOMPLETE;
    else
      body = {
        kind: 'complete',
        message: { body: text.slice(section.end), trailers: [], end: text.length },
      };
    if (body.kind !== 'complete') return body;
    const { end, ...parts } = body.message;
    const message = { status: code, statusLine, fields, ...parts, interims, rest: text.slice(end) };
    const fate = { untilClose, claimsBody: settled.claimsBody };
    return { kind: 'complete', message: { ...message, ...fate, http10: status[1] === '0' } };
  }
}
