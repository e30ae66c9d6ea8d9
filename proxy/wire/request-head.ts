/**
 * A request head for an upstream, as one string: the client's fields in their order and case, without hop-by-hop ones,
 * with the caller's. Used for live requests and upgrades (forward) and for copies, which are sent like the live
 * request.
 *
 * One pass over the fields. The client's `Connection` is applied before any of our fields is added, so that no client
 * can name one of ours there and have it removed.
 */
import { usesConnectionLogin } from './connection-login.ts';
import { withoutCookies } from './cookie.ts';
import { HOP_BY_HOP } from './hop-by-hop.ts';
import { isSet } from './raw-headers.ts';
import { splitTarget } from './request-target.ts';

/** The source of the head: an `IncomingMessage`, or a recorded request. */
export interface HeadSource {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Flat list, as in `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[];
  readonly httpVersionMinor: number;
}

/** Names of fields, in the case in which they were written. */
export interface FieldNames {
  has(name: string): boolean;
  /** Cookies among those of the Cookie field; by default none. */
  readonly cookies?: readonly string[] | undefined;
}

/** Changes to a head on its way. Header lists are flat, `[name, value, name, value, …]`. */
export interface HeadChanges {
  /**
   * Request target for the upstream; `undefined` keeps it as it came, byte for byte. An absolute-form target becomes
   * origin-form and its authority becomes the Host (RFC 9112 section 3.2.2).
   */
  readonly target?: string | undefined;
  /**
   * Fields for the upstream, appended in this order. The client's fields of the same names are removed first, after
   * hop-by-hop fields and those named in the client's `Connection` (so a client cannot remove these). They are written
   * unchanged: the caller ensures that no value ends a line.
   */
  readonly setHeaders?: readonly string[] | undefined;
  /** Further client fields that are not sent. */
  readonly removeHeaders?: FieldNames | undefined;
  /** Filled with the fields that are sent, except Via and TE: for a comparison. */
  readonly sentFields?: string[] | undefined;
}

/** `copy`: without a body, and without a wait between head and body. */
export type HeadPurpose = 'forward' | 'upgrade' | 'copy';

/** How the request's body is delimited; kept as it came, whatever the method. */
type RequestBody = 'none' | 'length' | 'chunked';

export interface RequestHead {
  /** Complete, empty line included; written as latin1. */
  text: string;
  body: RequestBody;
  expectsContinue: boolean;
  /** It logs in on its connection (NTLM, Negotiate). */
  connectionLogin: boolean;
  /** Why it cannot be sent, or empty. */
  error: string;
}

interface HeadDestination {
  readonly basePath: string;
  readonly authority: string;
  /** Replaces the client's Host. */
  readonly host?: string | undefined;
}

const BAD_TARGET = /[^\x21-\x7e\x80-\xff]/;
const TE_TRAILERS = /(^|,)\s*trailers\s*(,|$)/i;

type Meaning =
  | 'te'
  | 'host'
  | 'cookie'
  | 'authorization'
  | 'expect'
  | 'trailer'
  | 'upgrade'
  | 'connection'
  | 'hop-by-hop'
  | Framing;
type Framing = 'content-length' | 'transfer-encoding';

/** Fields with a meaning for a hop; all hop-by-hop ones without an entry of their own are removed. */
const MEANINGS = byLength(
  new Map<string, Meaning>([
    ...HOP_BY_HOP.map((name) => [name, 'hop-by-hop'] as const),
    ['te', 'te'],
    ['host', 'host'],
    ['expect', 'expect'],
    ['trailer', 'trailer'],
    ['upgrade', 'upgrade'],
    ['authorization', 'authorization'],
    ['cookie', 'cookie'],
    ['connection', 'connection'],
    ['content-length', 'content-length'],
    ['transfer-encoding', 'transfer-encoding'],
  ]),
);

/** Fields that a client cannot remove by naming them in Connection, or that stay with their hop in any case. */
const NOT_NAMEABLE = new Set(['', 'close', 'keep-alive', 'host', 'expect', 'te', 'upgrade']);

/**
 * @param named fields that the client's Connection limits to its hop: found here, in a second pass, if there are any
 */
export function buildRequestHead(
  request: HeadSource,
  changes: HeadChanges,
  destination: HeadDestination,
  purpose: HeadPurpose,
  named?: readonly string[],
): RequestHead {
  const head: RequestHead = {
    text: '',
    body: 'none',
    expectsContinue: false,
    connectionLogin: false,
    error: '',
  };
  const authority = beginHead(head, request, changes, destination);
  const { setHeaders, removeHeaders, sentFields: sent } = changes;
  const raw = request.rawHeaders;
  if (sent !== undefined) sent.length = 0;
  let { text } = head;
  let te = false;
  let hasHost = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    let value = raw[i + 1]!;
    let isKept = false;
    let isHost = false;
    let logsIn = false;
    switch (meaningOf(name)) {
      case 'hop-by-hop':
        continue;
      case 'connection':
        if (named === undefined && namesFields(value)) {
          return buildRequestHead(request, changes, destination, purpose, connectionNames(raw));
        }
        continue;
      case 'te':
        te ||= TE_TRAILERS.test(value);
        continue;
      case 'host':
        hasHost = true;
        isHost = true;
        if (authority !== undefined) {
          value = authority;
          isKept = setHeaders === undefined || !isSet(setHeaders, name);
        }
        break;
      case 'cookie':
        if (removeHeaders?.cookies === undefined) break;
        value = withoutCookies(value, removeHeaders.cookies);
        if (value === '') continue;
        break;
      case 'authorization':
        logsIn = usesConnectionLogin(value);
        break;
      case 'expect':
        if (purpose === 'copy') continue;
        head.expectsContinue = /^100-continue$/i.test(value.trim());
        break;
      case 'trailer':
        if (purpose === 'copy') continue;
        break;
      case 'upgrade':
        if (purpose !== 'upgrade') continue;
        isKept = true;
        break;
      case 'content-length':
        if (purpose === 'copy') continue;
        // An empty body need not be moved: the request may then be sent twice, like one without.
        if (value !== '0') head.body = 'length';
        isKept = true;
        break;
      case 'transfer-encoding':
        if (purpose === 'copy') continue;
        // Node accepts only chunked for a request; it stays, named in Connection or not.
        head.body = 'chunked';
        isKept = true;
        break;
      default:
    }
    if (!isKept) {
      if (named?.includes(name.toLowerCase())) continue;
      if (setHeaders !== undefined && isSet(setHeaders, name)) continue;
      if (removeHeaders?.has(name)) continue;
    }
    if (logsIn) head.connectionLogin = true;
    text +=
      isHost && destination.host !== undefined ? fieldLine(name, destination.host) : fieldLine(name, value);
    // The client's own Host: a copy goes to a side that may want another.
    sent?.push(name, value);
  }
  if (!hasHost && !(setHeaders !== undefined && isSet(setHeaders, 'host'))) {
    text += fieldLine('Host', destination.host ?? authority ?? destination.authority);
    sent?.push('Host', authority ?? destination.authority);
  }
  if (setHeaders !== undefined) {
    for (let i = 0; i < setHeaders.length; i += 2) text += fieldLine(setHeaders[i]!, setHeaders[i + 1]!);
    sent?.push(...setHeaders);
  }
  head.text = text + endOfHead(request, purpose, te);
  return head;
}

/** Writes the request line. Returns the authority of the client's absolute-form target, which replaces the Host field. */
function beginHead(
  head: RequestHead,
  { method, url }: HeadSource,
  { target: changed }: HeadChanges,
  { basePath }: HeadDestination,
): string | undefined {
  const { path: asked, authority } =
    url!.charCodeAt(0) === 47 ? { path: url!, authority: undefined } : splitTarget(url!, method!);
  const path = changed ?? asked;
  if (changed !== undefined && BAD_TARGET.test(path)) head.error = 'a bad byte in the rewritten target';
  head.text = `${method} ${path === '*' ? '' : basePath}${path} HTTP/1.1\r\n`;
  return authority;
}

function endOfHead({ httpVersionMinor }: HeadSource, purpose: HeadPurpose, te: boolean): string {
  const via = httpVersionMinor === 0 ? 'Via: 1.0 ficus\r\n' : 'Via: 1.1 ficus\r\n';
  if (purpose === 'upgrade') return `${via}Connection: Upgrade\r\n\r\n`;
  return te && purpose === 'forward' ? `${via}TE: trailers\r\nConnection: TE\r\n\r\n` : `${via}\r\n`;
}

function meaningOf(name: string): Meaning | undefined {
  const candidates = MEANINGS[name.length];
  if (candidates === undefined) return undefined;
  const lower = name.toLowerCase();
  return candidates.find(([meant]) => meant === lower)?.[1];
}

/** The length of a name rules out most others. */
function byLength<Meaning>(meanings: ReadonlyMap<string, Meaning>) {
  const all = [...meanings];
  const longest = Math.max(...all.map(([name]) => name.length));
  return Array.from({ length: longest + 1 }, (_, length) => {
    const some = all.filter(([name]) => name.length === length);
    return some.length > 0 ? some : undefined;
  });
}

/** Whether a Connection field limits others to its hop. */
function namesFields(value: string): boolean {
  // The value that nearly every client sends needs no parsing.
  if (value === 'keep-alive' || value === 'close' || value === 'Keep-Alive') return false;
  return value.split(',').some((option) => !NOT_NAMEABLE.has(option.trim().toLowerCase()));
}

function connectionNames(raw: readonly string[]): string[] {
  const names: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (meaningOf(raw[i]!) !== 'connection') continue;
    for (const option of raw[i + 1]!.split(',')) {
      const name = option.trim().toLowerCase();
      if (!NOT_NAMEABLE.has(name)) names.push(name);
    }
  }
  return names;
}

function fieldLine(name: string, value: string): string {
  // biome-ignore lint/style/useTemplate: V8 checks for each part of a template, each time, that it is a string
  return name + ': ' + value + '\r\n';
}
