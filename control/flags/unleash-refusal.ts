/**
 * Explains what an Unleash server's error status means for a flip, with the server's own words. Called by
 * unleash-server.ts.
 */
import { type ErrorCode, FicusError } from '@ficus/core';

interface RefusedCall {
  readonly method: string;
  /** Below the base URL. */
  readonly path: string;
  readonly status: number;
  readonly text: string;
}

const WORDS_LENGTH = 300;

export function refusalOf(call: RefusedCall, base: string, tokens: readonly string[]): FicusError {
  const { method, path, status, text } = call;
  const words = wordsOf(text, tokens);
  const code = codeOf(status, words);
  const end = words === '' ? '.' : `: ${words}`;
  return new FicusError(
    code,
    `The Unleash server at ${base} ${verdictOf(code, path)} (${method} ${path}: status ${status})${end}`,
  );
}

/** With change requests enabled, the server demands the permission to skip them: SKIP_CHANGE_REQUEST. */
function codeOf(status: number, words: string): ErrorCode {
  if (status === 409 || (status === 403 && /change[ _-]?request/i.test(words)))
    return 'FICUS_UNLEASH_CHANGE_REFUSED';
  if (status === 401 || status === 403) return 'FICUS_UNLEASH_FORBIDDEN';
  return 'FICUS_UNLEASH_UNREACHABLE';
}

function verdictOf(code: ErrorCode, path: string): string {
  if (code === 'FICUS_UNLEASH_CHANGE_REFUSED') return 'refuses the change';
  if (code === 'FICUS_UNLEASH_UNREACHABLE') return 'answers with an error';
  return `refuses flags.unleash.${path.startsWith('/admin/') ? 'adminToken' : 'token'}`;
}

/** On one line, bounded, and without the tokens, which a server or a proxy before it may echo. */
function wordsOf(text: string, tokens: readonly string[]): string {
  let words = messageIn(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  for (const secret of [...tokens, ...tokens.map(secretOf)])
    if (secret !== '') words = words.replaceAll(secret, '…');
  words = words.replace(/ +/g, ' ').trim();
  return words.length > WORDS_LENGTH ? `${words.slice(0, WORDS_LENGTH)}…` : words;
}

/** A token is `project:environment.secret`. */
const secretOf = (token: string): string => token.split('.').slice(1).join('.');

/** Unleash's error body; empty for any other. */
function messageIn(text: string): string {
  try {
    const { message, details } = JSON.parse(text) as {
      message?: unknown;
      details?: readonly { message?: unknown }[];
    };
    const words = message ?? details?.[0]?.message;
    return typeof words === 'string' ? words : '';
  } catch {
    return '';
  }
}
