/**
 * A server switches only to a protocol that the client has offered (RFC 9110 section 7.8): the client would read the
 * bytes of any other as its own.
 */
import { headerValues } from './raw-headers.ts';

/**
 * @param rawHeaders the request's
 * @param chosen the answer's Upgrade field, which may name several layers
 */
export function wasOffered(rawHeaders: readonly string[], chosen: string): boolean {
  const offered = new Set(headerValues(rawHeaders, 'upgrade').flatMap(protocols));
  const named = protocols(chosen);
  return named.length > 0 && named.every((protocol) => offered.has(protocol));
}

/** Names are compared without case; versions belong to them. */
function protocols(field: string): string[] {
  return field
    .toLowerCase()
    .split(',')
    .map((protocol) => protocol.trim())
    .filter(Boolean);
}
