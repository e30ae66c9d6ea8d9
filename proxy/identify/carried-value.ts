/**
 * The text that a request carries for a source: a cookie's or a header's. With `trustedFrom` it counts only from those
 * peers; from others it is as if it had not been sent.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { cookieValue } from '../wire/cookie.ts';
import { NetworkList } from '../wire/network-list.ts';
import { headerValue, isRepeated } from '../wire/raw-headers.ts';

type Source = NonNullable<IdentifyConfig['user']>;

/** Stands for a value that cannot be known just now. */
export const UNKNOWN = '\u0000unknown';

/**
 * @returns undefined when the request carries none; UNKNOWN when it carries the header several times: some servers take
 * the first, others the last, others join them, and a gateway that adds its own instead of replacing the client's leaves
 * both
 */
export type ReadCarried = (head: InspectedHead, rawHeaders: readonly string[]) => string | undefined;

export function carriedValue({ cookie, header, trustedFrom }: Source): ReadCarried {
  const read = cookie === undefined ? fromHeader(header!) : fromCookie(cookie);
  if (trustedFrom === undefined) return read;
  const believed = new NetworkList(trustedFrom);
  return (head, rawHeaders) => {
    return believed.has(head.peer) ? read(head, rawHeaders) : undefined;
  };
}

/** The token that a request carries: in Authorization, unless the source names another place. */
export function tokenReader({ cookie, header }: Source): ReadCarried {
  if (cookie !== undefined) return fromCookie(cookie);
  if (header === undefined)
    return ({ authorization, authorizations }) =>
      authorizations > 1 ? UNKNOWN : withoutScheme(authorization, true);
  const read = fromHeader(header);
  return (head, rawHeaders) => withoutScheme(read(head, rawHeaders), header === 'authorization');
}

/** @param required other schemes than Bearer carry no token */
function withoutScheme(text: string | undefined, required: boolean): string | undefined {
  if (text === undefined || text === UNKNOWN) return text;
  if (/^bearer /i.test(text)) return text.slice(7).trim();
  return required ? undefined : text;
}

/**
 * Empty counts as absent. Of several values the first counts, as for most servers: a cookie of a parent path or domain is
 * sent as well (RFC 6265 section 5.4), in ordinary browsers for years.
 */
function fromCookie(name: string): ReadCarried {
  return ({ cookie }) => (cookie === undefined ? undefined : cookieValue(cookie, name) || undefined);
}

function fromHeader(name: string): ReadCarried {
  return (_, rawHeaders) => {
    const value = headerValue(rawHeaders, name);
    if (value === undefined) return undefined;
    return isRepeated(rawHeaders, name) ? UNKNOWN : value || undefined;
  };
}
