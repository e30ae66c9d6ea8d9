/**
 * Reproduces a difference: the same request to one side, as a curl command for a POSIX shell. Everything that may not be
 * kept is a shell variable (`$FICUS_COOKIE`, `$FICUS_PATH_ID`), which the reader fills in.
 */
import type { KeptValues } from '../redact/kept-values.ts';
import type { TargetPiece } from '../redact/shown-target.ts';

export interface ReproducedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: readonly TargetPiece[];
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
}

// What curl makes by itself, what belongs to one connection, and what only a proxy may say.
const LEFT_OUT = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'te',
  'upgrade',
  'via',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'user-agent',
  'accept-encoding',
  'traceparent',
  'tracestate',
  'x-request-id',
  'if-none-match',
  'if-modified-since',
]);

/** One line. @param baseUrl the side's upstream, without credentials */
export function curlCommand(request: ReproducedRequest, baseUrl: string, kept: KeptValues): string {
  const headers = request.headers
    .filter(([name]) => isRepeated(name, kept))
    .map(([name, value]) => ` -H ${headerArgument(name, value, kept)}`);
  const url = urlArgument(baseUrl.replace(/\/+$/, ''), request.target);
  return `curl -sS -i${methodOption(request.method)} ${url}${headers.join('')}`;
}

function isRepeated(name: string, kept: KeptValues): boolean {
  return !LEFT_OUT.has(name) && !name.startsWith('x-forwarded-') && kept.name(name) === name;
}

function methodOption(method: string): string {
  if (method === 'GET') return '';
  return method === 'HEAD' ? ' --head' : ` -X ${quote(method)}`;
}

function urlArgument(baseUrl: string, pieces: readonly TargetPiece[]): string {
  const used = new Map<string, number>();
  let argument = '';
  let text = baseUrl;
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      text += piece.text;
      continue;
    }
    const name = `${piece.kind}_${piece.name}`;
    const times = (used.get(name) ?? 0) + 1;
    used.set(name, times);
    argument += quote(text) + variable(times === 1 ? name : `${name}_${times}`);
    text = '';
  }
  return argument + quote(text);
}

function headerArgument(name: string, value: string, kept: KeptValues): string {
  if (kept.shows({ area: 'header', name }, value)) return quote(`${name}: ${value}`);
  return `${quote(`${name}: `)}${variable(name)}`;
}

/** The client chose the name: a header may be called `id`, backquotes included. */
function variable(name: string): string {
  return `"$FICUS_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}"`;
}

function quote(text: string): string {
  return text === '' ? '' : `'${text.replaceAll("'", `'\\''`)}'`;
}
