/**
 * The first page of the monolith: is it there, where does it redirect to, and under which Host and scheme does it answer?
 * Redirects are followed on the monolith's own host alone.
 */
import { printable } from '@ficus/core';
import { decideNeedsHost, locationOf } from './compare-answers.ts';
import { describeFailure } from './describe-failure.ts';
import type { Say } from './note.ts';
import type { Answer, PoliteClient } from './polite-client.ts';

export interface Entry {
  /** Base of further requests: https when the monolith answers there alone. */
  readonly base: URL;
  /** Fields without which it only redirects. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the page that was reached. */
  readonly answer: Answer;
  /** URL of that page. */
  readonly page: URL;
  /** `legacy.host`, and why. */
  readonly host?: { readonly name: string; readonly why: string };
  /** `legacy.url` in place of the one given, and why. */
  readonly url?: { readonly url: string; readonly why: string };
}

const MOST_REDIRECTS = 3;
const HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;

/** @param given URL of the monolith @param proxyHost Host of requests that come through the proxy */
export async function probeEntry(
  client: PoliteClient,
  given: URL,
  proxyHost: string,
  say: Say,
): Promise<Entry | undefined> {
  const first = await client.get(slashed(given));
  if (!first.ok) {
    if (first.error !== 'spent')
      say({ kind: 'attention', text: describeFailure(given, first.error, client.answerMs) });
    return undefined;
  }
  const way = await findWay(client, given, first.answer, say);
  const reached = await follow(client, way);
  say({ kind: 'found', text: describeAnswer(given, reached.answer) });
  if (way.host !== undefined) return { ...way, ...reached };
  const host = await probeForeignHost(client, way, proxyHost);
  if (host) say({ kind: 'attention', text: `${host.why}: proposed as legacy.host.` });
  return { ...way, ...reached, ...(host && { host }) };
}

type Way = Pick<Entry, 'base' | 'headers' | 'answer' | 'host' | 'url'>;

/** What it takes to be answered at all, where the first answer leads to another scheme or host. */
async function findWay(client: PoliteClient, given: URL, answer: Answer, say: Say): Promise<Way> {
  const plain: Way = { base: given, headers: {}, answer };
  const to = locationOf(answer.headers.location, slashed(given));
  if (to === undefined || isRoot(to, given)) return plain;
  const elsewhere = to.hostname !== given.hostname;
  const secure = given.protocol === 'http:' && to.protocol === 'https:';
  if (!elsewhere && !secure) return plain;
  const headers = {
    ...(elsewhere && { host: to.host }),
    ...(secure && { 'x-forwarded-proto': 'https' }),
  };
  const again = await client.get(slashed(given), { headers });
  const stays = again.ok && !leadsAway(again.answer, given, to);
  if (stays && secure)
    say({
      kind: 'attention',
      text: `It redirects to ${to.origin} unless X-Forwarded-Proto says https: let TLS end at this proxy (proxy.tls), or at one before it that proxy.trustedProxies names.`,
    });
  if (stays && elsewhere) {
    const why = `It redirects to ${to.host} unless that is the Host`;
    say({ kind: 'attention', text: `${why}: proposed as legacy.host.` });
    return {
      base: given,
      headers,
      answer: again.answer,
      ...(HOST.test(to.host) && { host: { name: to.host, why } }),
    };
  }
  if (stays) return { base: given, headers, answer: again.answer };
  if (!elsewhere) return { ...plain, ...(await trySecure(client, given, to, say)) };
  say({
    kind: 'attention',
    text: `It redirects to another host, ${printable(to.origin)}, which was not asked. If that is the monolith, give its URL instead.`,
  });
  return plain;
}

/** It has to be asked by https; the given URL would send clients around the proxy. */
async function trySecure(client: PoliteClient, given: URL, to: URL, say: Say): Promise<Partial<Way>> {
  const base = new URL(given.pathname, to.origin);
  const asked = await client.get(slashed(base));
  const why = `${given.origin} only redirects to https`;
  if (!asked.ok) {
    const failure = asked.error === 'spent' ? '' : ` ${describeFailure(base, asked.error, client.answerMs)}`;
    say({ kind: 'attention', text: `${why}, where it cannot be asked.${failure}` });
    return {};
  }
  say({ kind: 'attention', text: `${why}: legacy.url is ${base.origin} instead.` });
  return { base, answer: asked.answer, url: { url: base.origin + given.pathname.replace(/\/+$/, ''), why } };
}

/** Whether it is redirected to another place than under `given`, the first redirect's place included. */
function leadsAway(answer: Answer, given: URL, first: URL): boolean {
  const to = locationOf(answer.headers.location, slashed(given));
  if (to === undefined) return false;
  if (to.href === first.href) return true;
  return to.hostname !== given.hostname && to.hostname !== first.hostname;
}

/** Redirects on the same host; the last answer is the page. */
async function follow(
  client: PoliteClient,
  { base, headers, answer }: Way,
): Promise<Pick<Entry, 'answer' | 'page'>> {
  let reached = { answer, page: slashed(base) };
  for (let steps = 0; steps < MOST_REDIRECTS; steps += 1) {
    const to = locationOf(reached.answer.headers.location, reached.page);
    const named = to && (to.host === base.host || to.host === headers.host);
    if (to === undefined || !named) break;
    const page = new URL(to.pathname + to.search, base.origin);
    const asked = await client.get(page, { headers });
    if (!asked.ok) break;
    reached = { answer: asked.answer, page };
  }
  return reached;
}

/** Clients of the proxy ask for the proxy's host, and it is passed on. */
async function probeForeignHost(
  client: PoliteClient,
  { base, headers, answer }: Way,
  proxyHost: string,
): Promise<Entry['host']> {
  const asked = await client.get(slashed(base), { headers: { ...headers, host: proxyHost } });
  if (!asked.ok || !decideNeedsHost(answer, asked.answer, slashed(base))) return undefined;
  const why = `It answers otherwise (${asked.answer.status}) to requests for the proxy’s own host, ${proxyHost}`;
  return { name: base.host, why };
}

/** A redirect from the base to itself with a slash, or below it. */
const isRoot = (to: URL, given: URL): boolean => to.origin === given.origin;

/** The page at a base path. */
export function slashed(base: URL): URL {
  return base.pathname.endsWith('/') ? base : new URL(`${base.pathname}/`, base.origin);
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/html/, 'HTML'],
  [/json/, 'JSON'],
];

function describeAnswer(given: URL, { status, type, headers }: Answer): string {
  const kind = KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? (type || 'without a Content-Type');
  const server = headers.server === undefined ? '' : `, Server: ${headers.server}`;
  const powered = headers['x-powered-by'] === undefined ? '' : `, X-Powered-By: ${headers['x-powered-by']}`;
  return printable(`${given.href} answers: ${status}, ${kind}${server}${powered}`);
}
