/**
 * Step 3, identify: who calls. Compiled from `proxy.identify` once per config. Whatever is known is returned at once,
 * without a promise; only a token not seen before, or an introspection not cached, makes a request wait.
 */
import type { IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { type AskedEndpoint, type AskedEndpoints, askedEndpoints, type Field } from './asked-endpoints.ts';
import type { BearerClaims, Claims } from './bearer-claims.ts';
import { carriedValue, tokenReader, UNKNOWN } from './carried-value.ts';
import { ANONYMOUS, type Identity, UNCERTAIN } from './identity.ts';
import type { IdentityNotes } from './identity-notes.ts';
import type { Introspection } from './introspection.ts';
import { describeKeys } from './read-answer.ts';
import { textAt } from './text-at.ts';

type Source = NonNullable<IdentifyConfig['user']>;
type Value = string | undefined;

/** What an endpoint of the legacy says; undefined when the request carries no session. */
type Told = Identity | undefined | Promise<Identity>;

/** Reads one of the fields from a request. @param told by the endpoints, in their order */
type ReadField = (
  head: InspectedHead,
  rawHeaders: readonly string[],
  told: readonly Told[],
) => Value | Promise<Value>;

export interface Identifier {
  /** Returns at once, or a promise that never rejects. */
  identify(head: InspectedHead, rawHeaders: readonly string[]): Identity | Promise<Identity>;
}

export interface IdentifierParts {
  /** Undefined where no claim is read. */
  readonly bearer: Pick<BearerClaims, 'known' | 'verify'> | undefined;
  readonly introspection: Pick<Introspection, 'known' | 'ask'>;
  readonly notes: Pick<IdentityNotes, 'say'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export function createIdentifier(identify: IdentifyConfig, parts: IdentifierParts): Identifier {
  const { user, session, tenant } = identify;
  if (!user && !session && !tenant) return { identify: () => ANONYMOUS };
  const endpoints = askedEndpoints(identify);
  const asks = endpoints.all.map((endpoint) => askerOf(endpoint, parts));
  const readUser = readerOf('user', user, endpoints, parts);
  const readSession = readerOf('session', session, endpoints, parts);
  const readTenant = readerOf('tenant', tenant, endpoints, parts);
  return {
    identify(head, rawHeaders) {
      const told = asks.length === 0 ? NOTHING_TOLD : asks.map((ask) => ask(head, rawHeaders));
      const user = readUser(head, rawHeaders, told);
      const session = readSession(head, rawHeaders, told);
      const tenant = readTenant(head, rawHeaders, told);
      if (isPromise(user) || isPromise(session) || isPromise(tenant))
        return Promise.all([user, session, tenant]).then((values) => assemble(...values));
      return assemble(user, session, tenant);
    },
  };
}

const NOTHING_TOLD: readonly Told[] = [];

function assemble(user: Value, session: Value, tenant: Value): Identity {
  const uncertain = user === UNKNOWN || session === UNKNOWN || tenant === UNKNOWN;
  return { user: known(user), session: known(session), tenant: known(tenant), uncertain };
}

const known = (value: Value): Value => (value === UNKNOWN ? undefined : value);

function readerOf(
  field: Field,
  source: Source | undefined,
  endpoints: AskedEndpoints,
  parts: IdentifierParts,
): ReadField {
  const at = endpoints.at(field);
  if (at !== -1) return (_head, _rawHeaders, told) => fieldOf(field, told[at]);
  if (source === undefined) return () => undefined;
  const { jwtClaim } = source;
  return jwtClaim === undefined ? carriedValue(source) : claimReader(field, source, jwtClaim, parts);
}

function fieldOf(field: Field, told: Told): Value | Promise<Value> {
  if (told === undefined) return undefined;
  const read = (identity: Identity): Value => (identity.uncertain ? UNKNOWN : identity[field]);
  return told instanceof Promise ? told.then(read) : read(told);
}

/** One question for each request, whatever is read from its answer. */
function askerOf(endpoint: AskedEndpoint, { introspection, clock }: IdentifierParts) {
  return (head: InspectedHead, rawHeaders: readonly string[]): Told => {
    const question = endpoint.questionIn(head, rawHeaders);
    if (question === undefined) return undefined;
    if (typeof question === 'string') return UNCERTAIN;
    return introspection.known(question, clock) ?? introspection.ask(question, clock);
  };
}

/** The config has keys wherever it reads a claim. */
function claimReader(
  field: Field,
  source: Source,
  jwtClaim: string,
  { bearer, notes, clock }: IdentifierParts,
): ReadField {
  const tokenIn = tokenReader(source);
  const textOf = (claims: Claims): Value => claimText(claims, jwtClaim, field, notes);
  return (head, rawHeaders) => {
    const token = tokenIn(head, rawHeaders);
    if (token === UNKNOWN) return UNKNOWN;
    const claims = bearer!.known(token, clock());
    return claims ? textOf(claims) : bearer!.verify(token!, clock()).then(textOf);
  };
}

function claimText(claims: Claims, path: string, field: Field, notes: Pick<IdentityNotes, 'say'>): Value {
  if (claims === 'none') return undefined;
  if (claims === 'unknown') return UNKNOWN;
  const found = textAt(claims, path);
  if (found !== undefined) return found ?? undefined;
  notes.say(field, `a valid token has no claim ${path}`, () => describeKeys(claims));
  // Its caller is somebody, at the legacy.
  return field === 'user' ? UNKNOWN : undefined;
}

function isPromise(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof value === 'object';
}
