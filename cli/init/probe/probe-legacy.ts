/**
 * Everything that `ficus init` finds out about the monolith by asking it. What is not found is left to the person; what
 * is found is proposed in the file, and said.
 */
import { printable } from '@ficus/core';
import { readOperations } from '../openapi/operations.ts';
import { sessionScheme } from '../openapi/who-calls.ts';
import { withoutPrefix } from '../openapi/without-prefix.ts';
import type { Note, Say } from './note.ts';
import { PoliteClient } from './polite-client.ts';
import { type Entry, probeEntry } from './probe-entry.ts';
import { probeHealth } from './probe-health.ts';
import { type FoundDocument, probeOpenApi } from './probe-openapi.ts';
import { below, findKnownPath, type PathSpellings, probeMissing, probePaths } from './probe-paths.ts';
import { pickSessionCookie, type SessionCookie } from './session-cookie.ts';

export interface LegacyFacts {
  readonly url?: Entry['url'];
  readonly host?: Entry['host'];
  readonly session?: SessionCookie;
  readonly paths?: PathSpellings;
  readonly health?: string;
  readonly openApi?: FoundDocument;
}

export interface LegacyQuestion {
  readonly url: URL;
  /** Host of requests that come through the proxy. */
  readonly proxyHost: string;
  readonly userAgent: string;
  /** A document that was given: none is looked for. */
  readonly document?: unknown;
  /** Longest time for an answer, in milliseconds. */
  readonly answerMs?: number | undefined;
}

/** Never rejects. */
export async function probeLegacy(
  { url, proxyHost, userAgent, document, answerMs }: LegacyQuestion,
  say: Say,
): Promise<LegacyFacts> {
  const client = new PoliteClient(userAgent, answerMs);
  const entry = await probeEntry(client, url, proxyHost, say);
  if (entry === undefined) return {};
  const missing = await probeMissing(client, entry);
  const openApi = document === undefined ? await probeOpenApi(client, entry) : undefined;
  const known = document ?? openApi?.document;
  const path = knownPath(known, entry);
  const spellings = path && missing ? await probePaths(client, entry, path, missing) : undefined;
  // The proxy’s checks are plain http: what answers https alone would fail them.
  const isPlain = entry.headers['x-forwarded-proto'] === undefined;
  const health = isPlain ? await probeHealth(client, entry, missing) : undefined;
  const session = await findSession(client, entry, known);
  const paths = spellings?.ignoreCase || spellings?.ignoreTrailingSlash ? spellings : undefined;
  const { url: other, host } = entry;
  const facts: LegacyFacts = {
    ...(other && { url: other }),
    ...(host && { host }),
    ...(session && { session }),
    ...(paths && { paths }),
    ...(health !== undefined && { health }),
    ...(openApi && { openApi }),
  };
  for (const note of notesOf(facts, document !== undefined)) say(note);
  return facts;
}

/** Where a session begins, if no other answer has begun one. */
const LOGIN = '/login';

async function findSession(
  client: PoliteClient,
  entry: Entry,
  document: unknown,
): Promise<SessionCookie | undefined> {
  const named = sessionScheme(document);
  if (named !== undefined) return { name: named, why: 'the OpenAPI document names it (securitySchemes)' };
  const found = pickSessionCookie(client.setCookies);
  if (found) return found;
  await client.get(below(entry.base, LOGIN), { headers: entry.headers });
  return pickSessionCookie(client.setCookies);
}

/** A path of the document that any GET may ask for, or a link of the page. */
function knownPath(document: unknown, entry: Entry): string | undefined {
  const prefix = entry.base.pathname.replace(/\/$/, '');
  const ofDocument = readOperations(document, undefined)
    .operations.filter(({ method }) => method === 'GET')
    .map((operation) => withoutPrefix(operation, prefix))
    .find((path) => path !== undefined && /^\/[\w/-]*[a-z][\w/-]*$/i.test(path));
  return ofDocument ?? findKnownPath(entry);
}

function* notesOf({ session, paths, health, openApi }: LegacyFacts, isGiven: boolean): Iterable<Note> {
  if (session)
    yield {
      kind: 'found',
      text: `session cookie ${session.name}: ${session.why}; proposed as proxy.identify.session`,
    };
  else
    yield {
      kind: 'attention',
      text: 'No session cookie was seen in its answers, /login included: name in proxy.identify how callers are known.',
    };
  if (paths) yield { kind: 'found', text: printable(`${describePaths(paths)}: proposed as legacy.paths`) };
  if (health !== undefined) yield { kind: 'found', text: `health path ${health}: proposed as legacy.health` };
  if (openApi) yield { kind: 'found', text: `OpenAPI document at ${printable(openApi.url)}` };
  else if (!isGiven)
    yield {
      kind: 'attention',
      text: 'No OpenAPI document was found at the usual places: --openapi names its file or URL.',
    };
}

export function describePaths({ path, ignoreCase, ignoreTrailingSlash }: PathSpellings): string {
  const ways = [ignoreCase && 'in any case', ignoreTrailingSlash && 'with and without a slash at its end'];
  return `${path} is answered alike ${ways.filter(Boolean).join(', and ')}`;
}
