/**
 * Reproduces a difference: the same request to one side, as a curl command for a POSIX shell. Secrets are shell
 * variables (`$FICUS_COOKIE`), which the reader fills in.
 */
import { isSensitiveName, redactTarget, redactText } from '../redact/redact.ts';

export interface ReproducedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
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

/**
 * One line. `baseUrl` is the side's upstream; `secrets` are names of headers that are secret besides the known ones.
 */
export function curlCommand(
  request: ReproducedRequest,
  baseUrl: string,
  secrets: readonly string[] = [],
): string {
  const url = `${baseUrl.replace(/\/+$/, '')}${redactTarget(request.target)}`;
  const method = methodOption(request.method);
  const headers = request.headers
    .filter(([name]) => !LEFT_OUT.has(name) && !name.startsWith('x-forwarded-'))
    .map(([name, value]) => ` -H ${headerArgument(name, value, secrets)}`);
  return `curl -sS -i${method} ${quote(url)}${headers.join('')}`;
}

function methodOption(method: string): string {
  if (method === 'GET') return '';
  return method === 'HEAD' ? ' --head' : ` -X ${quote(method)}`;
}

function headerArgument(name: string, value: string, secrets: readonly string[]): string {
  // A Referer is a target as well, and other headers may carry values recognizable by their format.
  if (!isSensitiveName(name) && !secrets.includes(name)) return quote(`${name}: ${redactText(value)}`);
  // The client chose the name: a header may be called `id`, backquotes included.
  return `${quote(`${name}: `)}"$FICUS_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}"`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
