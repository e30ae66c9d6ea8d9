/**
 * Step 3, identify: who calls. Compiled from `proxy.identify` once per config. Whatever is known is returned at once,
 * without a promise; only a token not seen before, or an introspection not cached, makes a request wait.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import type { BearerClaims, Claims } from './bearer-claims.ts';
import { carriedValue, UNKNOWN } from './carried-value.ts';
import { ANONYMOUS, type Identity } from './identity.ts';
import type { Introspection } from './introspection.ts';

type Source = NonNullable<IdentifyConfig['user']>;
type Field = 'user' | 'session' | 'tenant';
type Value = string | undefined;

/** Reads one of the fields from a request. */
type ReadField = (head: InspectedHead, rawHeaders: readonly string[]) => Value | Promise<Value>;

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
  if (!user && !session && !tenant) return { identify: () => ANONYMOUS };
  const readUser = readerOf('user', user, parts);
  const readSession = readerOf('session', session, parts);
  const readTenant = readerOf('tenant', tenant, parts);
  return {
    identify(head, rawHeaders) {
      const user = readUser(head, rawHeaders);
      const session = readSession(head, rawHeaders);
      const tenant = readTenant(head, rawHeaders);
      if (isPromise(user) || isPromise(session) || isPromise(tenant))
        return Promise.all([user, session, tenant]).then((values) => assemble(...values));
      return assemble(user, session, tenant);
    },
  };
}

function assemble(user: Value, session: Value, tenant: Value): Identity {
  const uncertain = user === UNKNOWN || session === UNKNOWN || tenant === UNKNOWN;
  return { user: known(user), session: known(session), tenant: known(tenant), uncertain };
}

const known = (value: Value): Value => (value === UNKNOWN ? undefined : value);

function readerOf(field: Field, source: Source | undefined, parts: IdentifierParts): ReadField {
  if (source === undefined) return () => undefined;
  if (source.jwtClaim !== undefined) return claimReader(source.jwtClaim, parts);
  if (source.introspect !== undefined) return introspectionReader(field, source, source.introspect, parts);
  return carriedValue(source);
}

function claimReader(jwtClaim: string, { bearer, clock }: IdentifierParts): ReadField {
  return ({ authorization }) => {
    const claims = bearer.known(authorization, clock());
    if (claims) return claimText(claims, jwtClaim);
    return bearer.verify(authorization, clock()).then((verified) => claimText(verified, jwtClaim));
  };
}

function introspectionReader(
  field: Field,
  source: Source,
  path: string,
  { introspection, clock }: IdentifierParts,
): ReadField {
  const read = carriedValue(source);
  const fieldOf = (identity: Identity): Value => (identity.uncertain ? UNKNOWN : identity[field]);
  return (head, rawHeaders) => {
    const value = read(head, rawHeaders);
    if (value === undefined || value === UNKNOWN) return value;
    const carrier =
      source.cookie === undefined ? [source.header!, value] : ['cookie', `${source.cookie}=${value}`];
    const kept = introspection.known(path, carrier, clock());
    return kept ? fieldOf(kept) : introspection.ask(path, carrier, clock).then(fieldOf);
  };
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
