/** The OpenAPI document that `--openapi` names: a file, or a URL. */
import {
  describeFileError,
  FicusError,
  hasCredentials,
  hideCredentials,
  withoutCredentials,
} from '@ficus/core';
import { readGivenFile } from '@ficus/proxy';
import { parse } from 'yaml';
import { DOCUMENT_BYTES } from '../probe/polite-client.ts';
import { isOpenApi } from './operations.ts';

const ANSWER_MS = 10_000;

/** @throws FicusError FICUS_OPENAPI_UNREADABLE */
export async function readOpenApi(source: string, userAgent: string): Promise<unknown> {
  const document = await readDocument(source, userAgent);
  if (isOpenApi(document)) return document;
  throw new FicusError(
    'FICUS_OPENAPI_UNREADABLE',
    hideCredentials(
      `${source} is no OpenAPI document: it has no “paths” beside “openapi” (or, in version 2, “swagger”).`,
    ),
  );
}

async function readDocument(source: string, userAgent: string): Promise<unknown> {
  try {
    const text = /^https?:/.test(source)
      ? await fetchText(source, userAgent)
      : await readGivenFile(source, DOCUMENT_BYTES >> 20);
    return parseDocument(text);
  } catch (cause) {
    throw new FicusError(
      'FICUS_OPENAPI_UNREADABLE',
      hideCredentials(`The OpenAPI document ${source} cannot be read: ${describeFileError(cause)}.`),
      { cause },
    );
  }
}

/** JSON or YAML. @throws Error with the place of the mistake */
export function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parse(text, { prettyErrors: false, logLevel: 'error' });
  }
}

async function fetchText(url: string, userAgent: string): Promise<string> {
  const { username, password } = new URL(url);
  // fetch refuses URLs with credentials, and names them in its error.
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const response = await fetch(withoutCredentials(url), {
    signal: AbortSignal.timeout(ANSWER_MS),
    // Another host is not asked, neither with the login nor without.
    redirect: 'manual',
    headers: {
      'user-agent': userAgent,
      ...(hasCredentials(url) && { authorization: `Basic ${login.toString('base64')}` }),
    },
  });
  const to = response.headers.get('location');
  if (!response.ok) throw new Error(`it answered ${response.status}${to === null ? '' : `, to ${to}`}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > DOCUMENT_BYTES) throw new Error(`it is longer than ${DOCUMENT_BYTES >> 20} MB`);
  }
  return text + decoder.decode();
}
