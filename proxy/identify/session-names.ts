/**
 * Names of the sessions that introspection asks about, as they occur in a request and in an answer: what is kept under
 * such a name is forgotten when the session may have changed.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { cookieValue } from '../wire/cookie.ts';
import { type AskedEndpoint, askedEndpoints } from './asked-endpoints.ts';

export class SessionNames {
  readonly #asked: readonly AskedEndpoint[];

  constructor(identify: IdentifyConfig) {
    this.#asked = askedEndpoints(identify).all;
  }

  /** Undefined where nothing is introspected. */
  static of(identify: IdentifyConfig): SessionNames | undefined {
    const names = new SessionNames(identify);
    return names.#asked.length === 0 ? undefined : names;
  }

  /** Those that a request carries. */
  carriedBy(head: InspectedHead, rawHeaders: readonly string[]): string[] {
    return this.#asked.flatMap((endpoint) => endpoint.sessionsIn(head, rawHeaders));
  }

  /** Those that an answer sets. The client's earlier ones are over, even where a cookie is only deleted. @param fields flat */
  changedBy(fields: readonly string[], head: InspectedHead, rawHeaders: readonly string[]): string[] {
    return this.#asked.flatMap((endpoint) => {
      const values = setValues(endpoint.cookie, fields);
      if (values.length === 0) return [];
      const names = values.filter(Boolean).map((value) => endpoint.questionOf(value).session);
      return [...names, ...endpoint.sessionsIn(head, rawHeaders)];
    });
  }
}

/** Values that the answer gives to the cookie; an empty one deletes it. */
function setValues(cookie: string | undefined, fields: readonly string[]): string[] {
  if (cookie === undefined) return [];
  return fields.flatMap((value, at) => {
    const sets = at % 2 === 1 && fields[at - 1]!.toLowerCase() === 'set-cookie';
    const set = sets ? cookieValue(untilAttributes(value), cookie) : undefined;
    return set === undefined ? [] : [set];
  });
}

/** The name and value of Set-Cookie: an attribute is no cookie. */
function untilAttributes(setCookie: string): string {
  const end = setCookie.indexOf(';');
  return end === -1 ? setCookie : setCookie.slice(0, end);
}
