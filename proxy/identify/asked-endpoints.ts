/**
 * The endpoints at the legacy that introspection asks, as the config names them: sources that carry the same thing to
 * the same path share one, and one question.
 */
import { createHash } from 'node:crypto';
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { cookieValues } from '../wire/cookie.ts';
import { headerValues } from '../wire/raw-headers.ts';
import { carriedValue, type ReadCarried, UNKNOWN } from './carried-value.ts';

type Source = NonNullable<IdentifyConfig['user']>;
const FIELDS = ['user', 'session', 'tenant'] as const;
export type Field = (typeof FIELDS)[number];

/** How many values of one cookie count, from either end. */
const KEPT_ENDS = 8;

/** The field that carries a session to the legacy. */
type Carrier = readonly [name: string, value: string];

/** Where the answer names a field. */
export interface WantedField {
  readonly field: Field;
  /** Path into the JSON document. */
  readonly at: string;
  /** The config has a source for it; otherwise it is read where the answer happens to have it. */
  readonly isNamed: boolean;
}

/** One question: whose session is this? */
export interface Question {
  readonly path: string;
  readonly carrier: Carrier;
  /** What is read from the answer. */
  readonly wanted: readonly WantedField[];
  /** What the session is called wherever it is kept: sessions are secrets, so a digest. */
  readonly session: string;
}

export class AskedEndpoint {
  readonly path: string;
  readonly wanted: readonly WantedField[];
  /** Of the cookie that carries the session; undefined for a header. */
  readonly cookie: string | undefined;
  readonly #header: string | undefined;
  readonly #read: ReadCarried;
  /** What is asked, without the session. */
  readonly #what: string;

  /** @param source with `introspect` */
  constructor(source: Source, wanted: readonly WantedField[]) {
    this.path = source.introspect!;
    this.wanted = wanted;
    this.cookie = source.cookie;
    this.#header = source.header;
    this.#read = carriedValue(source);
    this.#what = JSON.stringify([this.path, wanted]);
  }

  /** Undefined when the request carries no session; UNKNOWN when it is unclear which. */
  questionIn(head: InspectedHead, rawHeaders: readonly string[]): Question | undefined | typeof UNKNOWN {
    const value = this.#read(head, rawHeaders);
    return value === undefined || value === UNKNOWN ? value : this.questionOf(value);
  }

  /** Names of all sessions that the request carries, from any peer: a side may take any of them. */
  sessionsIn({ cookie }: InspectedHead, rawHeaders: readonly string[]): string[] {
    const values =
      this.cookie === undefined
        ? headerValues(rawHeaders, this.#header!)
        : cookieValues(cookie ?? '', this.cookie);
    return [...new Set(outermost(values))].filter(Boolean).map((value) => this.questionOf(value).session);
  }

  questionOf(value: string): Question {
    const { path, cookie, wanted } = this;
    const carrier: Carrier = cookie === undefined ? [this.#header!, value] : ['cookie', `${cookie}=${value}`];
    return { path, carrier, wanted, session: digestOf([this.#what, ...carrier]) };
  }
}

/** A head has room for thousands, and each costs a digest; servers take the first or the last. */
function outermost(values: readonly string[]): readonly string[] {
  return values.length <= 2 * KEPT_ENDS
    ? values
    : [...values.slice(0, KEPT_ENDS), ...values.slice(-KEPT_ENDS)];
}

export interface AskedEndpoints {
  readonly all: readonly AskedEndpoint[];
  /** Where the field's endpoint is in the list; -1: it is not introspected. */
  at(field: Field): number;
}

export function askedEndpoints(identify: IdentifyConfig): AskedEndpoints {
  const { user } = identify;
  const byKey = new Map<string, { readonly source: Source; readonly wanted: WantedField[] }>();
  const keyOf = new Map<Field, string>();
  for (const field of FIELDS) {
    // The endpoint that knows the user also knows the session and the tenant, unless they have sources of their own.
    const source = identify[field] ?? (user?.introspect === undefined ? undefined : user);
    if (source?.introspect === undefined) continue;
    const { cookie, header, introspect, trustedFrom } = source;
    const key = JSON.stringify([introspect, cookie, header, trustedFrom]);
    const wanted = byKey.get(key)?.wanted ?? [];
    const isNamed = identify[field] !== undefined;
    wanted.push({ field, at: (isNamed ? source.field : undefined) ?? field, isNamed });
    byKey.set(key, { source, wanted });
    keyOf.set(field, key);
  }
  const keys = [...byKey.keys()];
  return {
    all: [...byKey.values()].map(({ source, wanted }) => new AskedEndpoint(source, wanted)),
    at: (field) => keys.indexOf(keyOf.get(field) ?? ''),
  };
}

function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url');
}
