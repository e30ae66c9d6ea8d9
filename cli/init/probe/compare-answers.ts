/** What two answers of a server say about each other. Pure; the probes have asked. */
import type { Answer } from './polite-client.ts';

type Compared = Pick<Answer, 'status' | 'type' | 'body'> & { readonly location: string | undefined };

/** @param at URL that was asked */
export function compared({ status, type, body, headers }: Answer, at: URL): Compared {
  return { status, type, body, location: locationOf(headers.location, at)?.pathname };
}

/** Where a redirect leads; undefined for none, and for a text that is no URL. */
export function locationOf(location: string | undefined, at: URL): URL | undefined {
  return location !== undefined && URL.canParse(location, at.href) ? new URL(location, at.href) : undefined;
}

/**
 * Whether the answer to another spelling of a path is that of the path itself: yes, no, or unclear, where a path that
 * does not exist is answered in the same way.
 */
export function decideSameResource(
  original: Compared,
  spelled: Compared,
  missing: Compared,
): 'same' | 'other' | 'unclear' {
  if (original.status >= 500 || spelled.status >= 500 || spelled.status === 429) return 'unclear';
  if (!looksAlike(original, missing)) return looksAlike(original, spelled) ? 'same' : 'other';
  if (original.body === missing.body || original.body === '') return 'unclear';
  // Pages differ from one request to the next: only an equal one proves something.
  if (spelled.body === original.body) return 'same';
  return spelled.body === missing.body ? 'other' : 'unclear';
}

export function looksAlike(one: Compared, other: Compared): boolean {
  return one.status === other.status && one.type === other.type && one.location === other.location;
}

/** Whether a monolith answers otherwise when it is asked under the proxy's host. @param own its own host */
export function decideNeedsHost(own: Answer, foreign: Answer, at: URL): boolean {
  const [ownTo, foreignTo] = [own, foreign].map(({ headers }) => locationOf(headers.location, at));
  if (foreignTo !== undefined && ownTo === undefined) return foreignTo.host === at.host;
  if (foreign.status >= 500 || foreign.status === 429) return false;
  if (own.status !== foreign.status) return true;
  return own.status < 300 && own.type === 'text/html' && titleOf(own.body) !== titleOf(foreign.body);
}

const titleOf = (body: string): string | undefined => /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim();
