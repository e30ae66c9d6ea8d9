/**
 * The endpoints at the legacy that introspection asks, as the config names them: sources that carry the same thing to
 * the same path share one, and one question.
 */
import { createHash } from 'node:crypto';
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { carriedValue, type ReadCarried, UNKNOWN } from './carried-value.ts';

type Source = NonNullable<IdentifyConfig['user']>;
export type Field = 'user' | 'session' | 'tenant';

/** The field that carries a session to the legacy. */
type Carrier = readonly [name: string, value: string];

/** One question: whose session is this? */
export interface Question {
  readonly path: string;
  readonly carrier: Carrier;
  /** What the session is called wherever it is kept: sessions are secrets, so a digest. */
  readonly session: string;
}

export class AskedEndpoint {
  readonly path: string;
  /** Of the cookie that carries the session; undefined for a header. */
  readonly cookie: string | undefined;
  readonly #header: string | undefined;
  readonly #read: ReadCarried;

  constructor(source: Source, path: string) {
    this.path = path;
    this.cookie = source.cookie;
    this.#header = source.header;
    this.#read = carriedValue(source);
  }

  /** Undefined when the request carries no session; UNKNOWN when it is unclear which. */
  questionIn(head: InspectedHead, rawHeaders: readonly string[]): Question | undefined | typeof UNKNOWN {
    const value = this.#read(head, rawHeaders);
    return value === undefined || value === UNKNOWN ? value : this.questionOf(value);
  }

  questionOf(value: string): Question {
    const { path, cookie } = this;
    const carrier: Carrier = cookie === undefined ? [this.#header!, value] : ['cookie', `${cookie}=${value}`];
    return { path, carrier, session: digestOf([path, ...carrier]) };
  }
}

export interface AskedEndpoints {
  readonly all: readonly AskedEndpoint[];
  /** Where the field's endpoint is in the list; -1: it is not introspected. */
  at(field: Field): number;
}

export function askedEndpoints({ user, session, tenant }: IdentifyConfig): AskedEndpoints {
  // The endpoint that knows the user also knows the session and the tenant, unless they have sources of their own.
  const asked = user?.introspect === undefined ? undefined : user;
  const sources = { user, session: session ?? asked, tenant: tenant ?? asked };
  const all: AskedEndpoint[] = [];
  const keys: string[] = [];
  const placeOf = (source: Source | undefined): number => {
    if (source?.introspect === undefined) return -1;
    const { cookie, header, introspect, trustedFrom } = source;
    const key = JSON.stringify([introspect, cookie, header, trustedFrom]);
    if (!keys.includes(key)) all.push(new AskedEndpoint(source, introspect));
    if (!keys.includes(key)) keys.push(key);
    return keys.indexOf(key);
  };
  const places = {
    user: placeOf(sources.user),
    session: placeOf(sources.session),
    tenant: placeOf(sources.tenant),
  };
  return { all, at: (field) => places[field] };
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
