/**
 * Who calls, from where the proxy has it, or why it does not know. Values that the request carries are credentials, or
 * may be: none is repeated. Names come from the legacy's answer, from a verified token, or from the operator.
 */
import { type CallerCause, callerCauses, fieldValue, type IdentifyConfig } from '@ficus/core';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { carriedValue, tokenReader, UNKNOWN } from '../identify/carried-value.ts';
import type { Identity } from '../identify/identity.ts';
import type { IdentityFindings } from '../identify/quiet-identifier.ts';
import { cookieValue } from '../wire/cookie.ts';
import { headerValue } from '../wire/raw-headers.ts';

type Source = NonNullable<IdentifyConfig['user']>;

export interface ExplainedCaller {
  readonly kind: 'user' | 'session' | 'bucket' | 'anonymous' | 'unknown' | 'not-asked';
  /** null where there is none, and where it is what the request carries. */
  readonly name: string | null;
  /** The source in the config that decided, in words; null where there is none. */
  readonly source: string | null;
  readonly cause: CallerCause;
  readonly means: string;
  /** What to do so that the caller is known; empty when there is nothing to do. */
  readonly action: string;
  /** What the source said, where it said why. */
  readonly detail: string | null;
}

interface CallerFacts {
  readonly identify: IdentifyConfig;
  readonly head: InspectedHead;
  readonly identity: Identity;
  readonly findings: IdentityFindings;
  /** The operator asked as this user. */
  readonly as: string | undefined;
  /** What stands for a caller without a name, where the slice gives buckets. */
  readonly bucket: 'own' | 'new' | undefined;
}

export const NOT_ASKED: ExplainedCaller = make('not-asked', 'not-asked');

export function explainCaller(facts: CallerFacts): ExplainedCaller {
  const { identify, identity, as, bucket } = facts;
  if (as !== undefined) return { ...asGiven(identify.user, as), name: as };
  const { user, session } = identity;
  if (user !== undefined) return named('user', user, identify.user!);
  // The endpoint that knows the user also knows the session.
  if (session !== undefined) return named('session', session, (identify.session ?? identify.user)!);
  const nameless = explainNameless(facts, identify.user ?? identify.session);
  if (identity.uncertain || bucket === undefined) return nameless;
  return make('bucket', bucket === 'own' ? 'own-bucket' : 'new-bucket', null, nameless.means);
}

function asGiven(source: Source | undefined, name: string): ExplainedCaller {
  const why = whyNeverNamed(source, name);
  return why === undefined ? make('user', 'named-by-operator') : make('user', 'never-named', null, why);
}

/** What a token or the legacy may say is not known here; what a cookie or a header can carry is. */
function whyNeverNamed(source: Source | undefined, name: string): string | undefined {
  if (source === undefined) return 'proxy.identify.user is not set';
  if (source.introspect !== undefined || source.jwtClaim !== undefined) return undefined;
  const isField = fieldValue.safeParse(name).success;
  const isCarried = isField && (source.cookie === undefined || cookieValue(`a=${name}`, 'a') === name);
  return isCarried ? undefined : `no request can carry it in its ${carrierWords(source)}`;
}

function named(kind: 'user' | 'session', name: string, source: Source): ExplainedCaller {
  const isVerified = source.introspect !== undefined || source.jwtClaim !== undefined;
  return { ...make(kind, 'named-by-source', sourceWords(source)), name: isVerified ? name : null };
}

function explainNameless(facts: CallerFacts, source: Source | undefined): ExplainedCaller {
  const { identity, findings } = facts;
  if (source === undefined) return make('anonymous', 'no-source');
  const words = sourceWords(source);
  if (identity.uncertain) {
    const { cause, detail } = whyUnknown(source, findings);
    return make('unknown', cause, UNREAD.has(cause) ? carrierWords(source) : words, detail);
  }
  const cause = whyAnonymous(facts, source);
  return make(
    'anonymous',
    cause,
    UNREAD.has(cause) ? carrierWords(source) : words,
    cause === 'token-refused' ? findings.tokenRefused : undefined,
  );
}

/** Nothing was read, and the legacy not asked. */
const UNREAD: ReadonlySet<CallerCause> = new Set(['no-credentials', 'peer-not-believed', 'named-twice']);

function whyUnknown(
  { introspect, jwtClaim }: Source,
  { problems }: IdentityFindings,
): { readonly cause: CallerCause; readonly detail: string | undefined } {
  const [problem] = problems;
  const detail = problem?.reason;
  if (problem?.source === 'introspection') return { cause: 'legacy-silent', detail };
  if (problem?.source === 'jwt') return { cause: 'token-undecided', detail };
  if (problem !== undefined) return { cause: jwtClaim === undefined ? 'not-named' : 'claim-missing', detail };
  // What is still known of the last question says no reason; a header that is there twice is never asked about.
  return { cause: introspect === undefined ? 'named-twice' : 'legacy-silent', detail };
}

function whyAnonymous({ head, findings }: CallerFacts, source: Source): CallerCause {
  if (findings.tokenRefused !== undefined) return 'token-refused';
  const read = source.jwtClaim === undefined ? carriedValue(source) : tokenReader(source);
  const carried = read(head, head.rawHeaders);
  if (carried !== undefined && carried !== UNKNOWN)
    return source.jwtClaim === undefined ? 'not-logged-in' : 'claim-missing';
  const isThere = source.header !== undefined && Boolean(headerValue(head.rawHeaders, source.header));
  return isThere && source.trustedFrom !== undefined ? 'peer-not-believed' : 'no-credentials';
}

const carrierWords = ({ cookie, header }: Source): string =>
  cookie === undefined ? `header ${header ?? 'authorization'}` : `cookie ${cookie}`;

function sourceWords(source: Source): string {
  const { jwtClaim, introspect } = source;
  const carrier = carrierWords(source);
  if (introspect !== undefined) return `${carrier}, asked at ${introspect} of the legacy`;
  return jwtClaim === undefined ? carrier : `claim ${jwtClaim} of the token in ${carrier}`;
}

function make(
  kind: ExplainedCaller['kind'],
  cause: CallerCause,
  source: string | null = null,
  detail: string | undefined = undefined,
): ExplainedCaller {
  return { kind, name: null, source, cause, ...callerCauses[cause], detail: detail ?? null };
}
