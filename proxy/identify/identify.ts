/**
 * Step 3, identify: who calls. Compiled from `proxy.identify` once per config. Whatever is known is returned at once,
 * without a promise; only a token not seen before, or an introspection not cached, makes a request wait.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { cookieValue } from '../wire/cookie.ts';
import { headerValue } from '../wire/raw-headers.ts';
import type { BearerClaims, Claims } from './bearer-claims.ts';
import { ANONYMOUS, type Identity } from './identity.ts';
import type { Introspection } from './introspection.ts';

type Source = NonNullable<IdentifyConfig['user']>;
/** Where each field comes from. */
type Sources = Readonly<Record<Field, Source | undefined>>;
type Field = 'user' | 'session' | 'tenant';

export interface Identifier {
  /** Returns at once, or a promise that never rejects. */
  identify(head: InspectedHead, rawHeaders: readonly string[]): Identity | Promise<Identity>;
}

export interface IdentifierParts {
  readonly bearer: BearerClaims;
  readonly introspection: Introspection;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export function createIdentifier(written: IdentifyConfig, parts: IdentifierParts): Identifier {
  // The endpoint that knows the user also knows the session and the tenant, unless they have sources of their
  // own.
  const asked = written.user?.introspect === undefined ? undefined : written.user;
  const { user, session = asked, tenant = asked } = written;
  const config: Sources = { user, session, tenant };
  const plain = !usesWaitingSources(config);
  if (!config.user && !config.session && !config.tenant) return { identify: () => ANONYMOUS };
  if (plain) {
    return { identify: (head, rawHeaders) => identifyPlain(config, head, rawHeaders) };
  }
  return { identify: (head, rawHeaders) => identifyWaiting(config, parts, head, rawHeaders) };
}

function usesWaitingSources({ user, session, tenant }: Sources): boolean {
  return [user, session, tenant].some((source) => source?.jwtClaim || source?.introspect);
}

function identifyPlain(config: Sources, head: InspectedHead, rawHeaders: readonly string[]): Identity {
  return {
    user: carried(config.user, head, rawHeaders),
    session: carried(config.session, head, rawHeaders),
    tenant: carried(config.tenant, head, rawHeaders),
    uncertain: false,
  };
}

/** The text that a cookie or a header carries; empty counts as absent. */
function carried(
  source: Source | undefined,
  head: InspectedHead,
  rawHeaders: readonly string[],
): string | undefined {
  if (source === undefined) return undefined;
  if (source.cookie !== undefined) {
    return head.cookie === undefined ? undefined : cookieValue(head.cookie, source.cookie) || undefined;
  }
  return source.header === undefined ? undefined : headerValue(rawHeaders, source.header) || undefined;
}

function identifyWaiting(
  config: Sources,
  parts: IdentifierParts,
  head: InspectedHead,
  rawHeaders: readonly string[],
): Identity | Promise<Identity> {
  const user = readSource('user', config.user, parts, head, rawHeaders);
  const session = readSource('session', config.session, parts, head, rawHeaders);
  const tenant = readSource('tenant', config.tenant, parts, head, rawHeaders);
  if (!isPromise(user) && !isPromise(session) && !isPromise(tenant)) return assemble(user, session, tenant);
  return Promise.all([user, session, tenant]).then((values) => assemble(...values));
}

/** Stands for a value whose source could not be asked. */
const UNKNOWN = '\u0000unknown';

function assemble(user: Value, session: Value, tenant: Value): Identity {
  const uncertain = user === UNKNOWN || session === UNKNOWN || tenant === UNKNOWN;
  const plain = (value: Value): Value => (value === UNKNOWN ? undefined : value);
  return { user: plain(user), session: plain(session), tenant: plain(tenant), uncertain };
}

type Value = string | undefined;

function readSource(
  field: Field,
  source: Source | undefined,
  { bearer, introspection, clock }: IdentifierParts,
  head: InspectedHead,
  rawHeaders: readonly string[],
): Value | Promise<Value> {
  if (source === undefined) return undefined;
  if (source.jwtClaim !== undefined) {
    const { jwtClaim } = source;
    const claims = bearer.known(head.authorization, clock());
    if (claims) return claimText(claims, jwtClaim);
    return bearer.verify(head.authorization, clock()).then((verified) => claimText(verified, jwtClaim));
  }
  const value = carried(source, head, rawHeaders);
  if (source.introspect === undefined || value === undefined) return value;
  const carrier =
    source.cookie === undefined ? [source.header!, value] : ['cookie', `${source.cookie}=${value}`];
  const known = introspection.known(source.introspect, carrier, clock());
  const fieldOf = (identity: Identity): Value => (identity.uncertain ? UNKNOWN : identity[field]);
  if (known) return fieldOf(known);
  return introspection.ask(source.introspect, carrier, clock).then(fieldOf);
}

function claimText(claims: Claims, name: string): Value {
  if (claims === 'unknown') return UNKNOWN;
  const value = claims[name];
  if (typeof value === 'string') return value || undefined;
  return typeof value === 'number' ? String(value) : undefined;
}

function isPromise(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof value === 'object';
}
