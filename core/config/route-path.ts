/**
 * Paths and hosts of routes that no request can match: what is written otherwise than requests are matched. A canonical
 * path has no query, no fragment, single slashes, no dot segments, no `;parameters`, and escapes only where they are
 * needed (proxy/wire/canonical-path.ts). Letters beyond ASCII may be written: they are matched as their escapes.
 */

/** Expressions of parameters, `(\\d+)`: they are no part of the path. */
const EXPRESSION = /(\((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\()[])*\))/;
/** `/:id?`, at the end only. */
const OPTIONAL = /(\/:[^/()?]+)\?(?=\/?$)/;
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

interface Fault {
  readonly found: RegExp;
  readonly why: string;
}

/** The first that is found names the problem. Each is looked for outside expressions. */
const FAULTS: readonly Fault[] = [
  { found: /[{<][^/}>]*[}>]/, why: 'parameters are written with a colon' },
  { found: /#/, why: 'no request has a fragment' },
  { found: /\?/, why: 'a query is no part of the path; write it under `query`' },
  { found: /%(?![0-9A-Fa-f]{2})/, why: 'a percent sign is written %25' },
  { found: /%00/, why: 'a path with %00 ends there for some servers' },
  { found: /\\/, why: 'a backslash is written %5C' },
  { found: /\/\//, why: 'doubled slashes are matched as one' },
  { found: /\/\.{1,2}(?=\/|$)/, why: 'dot segments are resolved before routes match' },
  { found: /;/, why: 'what follows a semicolon in a segment is left out before routes match' },
  { found: /%/, why: 'escapes are matched in upper case, and only of characters that need them' },
];

/** Why no request has such a path, and what to write; undefined when one may. */
export function pathProblem(pattern: string): string | undefined {
  const parts = pattern.replace(OPTIONAL, '$1').split(EXPRESSION);
  const plain = parts.map((part, index) => (index % 2 === 0 ? part : '')).join('');
  const fault = FAULTS.find(({ found }) => found.test(plain));
  const canonical = canonicalPattern(parts);
  if (fault === undefined || canonical === parts.join('')) return undefined;
  return `matches no request: ${fault.why}. Write ${canonical}`;
}

/** @param parts texts and expressions in turn */
function canonicalPattern(parts: readonly string[]): string {
  const expressions = parts.filter((_, index) => index % 2 === 1);
  const text = parts.filter((_, index) => index % 2 === 0).join('\0');
  const path = text
    .replace(/[{<](?:\w+:)?([^/}>]*)[}>]/g, ':$1')
    .replace(/[#?].*$/s, '')
    .replace(/\\/g, '%5C')
    .replace(/%00.*$/s, '')
    .replace(/%([0-9A-Fa-f]{2})?/g, escapeOf);
  let next = 0;
  return resolve(path).replaceAll('\0', () => expressions[next++]!);
}

function escapeOf(triplet: string, hex: string | undefined): string {
  if (hex === undefined) return '%25';
  const character = String.fromCharCode(Number.parseInt(hex, 16));
  return UNRESERVED.test(character) ? character : triplet.toUpperCase();
}

function resolve(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments.map((each) => each.replace(/;.*$/s, ''))) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const endsInSlash = /(?:^|\/)\.{0,2}(?:;.*)?$/s.test(path) && kept.length > 0;
  return `/${kept.join('/')}${endsInSlash ? '/' : ''}`;
}

/** Written as it is sent: what a pattern has a meaning for is text here, and letters beyond ASCII are escapes. */
const PREFIX = /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)*\/?$/;
const DOT_SEGMENT = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?=\/|%2f|%5c|;|%3b|$)/i;

/** Why no path may begin with it, `//evil` and `/..` among them; undefined when one may. */
export function prefixProblem(prefix: string): string | undefined {
  const isClean = PREFIX.test(prefix) && !DOT_SEGMENT.test(prefix) && !/%00/.test(prefix);
  return isClean || !prefix.startsWith('/')
    ? undefined
    : 'is no clean path: write it as it is sent, without doubled slashes, dot segments, query and fragment, and with escapes (%20) where they are needed';
}

const HOST = /^(?:\*\.)?[A-Za-z0-9_~!$&'()+,=%-]+(?:\.[A-Za-z0-9_~!$&'()+,=%-]+)*$/;
const IPV6 = /^\[[0-9A-Fa-f:.]+\]$/;

/** Why no request has such a host, and what to write; undefined when one may. */
export function hostProblem(host: string): string | undefined {
  if (HOST.test(host) || IPV6.test(host)) return undefined;
  const bare = host.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/[/?#].*$/s, '');
  const named = bare.replace(/^.*@/, '');
  if (/^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(named))
    return suggest(`[${named}]`, 'an IPv6 address has brackets');
  const name = named.replace(/:\d*$/, '').replace(/\.$/, '');
  const ascii = /[^\x20-\x7e]/.test(name) && URL.canParse(`http://${name}`) ? asciiOf(name) : name;
  if (ascii !== name) return suggest(ascii, 'letters beyond ASCII are sent in Punycode');
  if (name === host || !HOST.test(name))
    return 'matches no request: it is not a host name. Write shop.example.com, or *.example.com for one label';
  return suggest(name, 'a host is matched without scheme, port, path and final dot');
}

function suggest(host: string, why: string): string {
  return `matches no request: ${why}. Write ${host}`;
}

function asciiOf(name: string): string {
  return new URL(`http://${name}`).hostname;
}

/** Methods that the proxy does not serve, and why. */
export function methodProblem(method: string): string | undefined {
  return method === 'TRACE' || method === 'CONNECT'
    ? `matches no request: the proxy does not serve ${method}. Leave it out`
    : undefined;
}
