/**
 * Step 4 of the request path, as a pure function: who serves this request, who gets a copy, and why. The order of the
 * checks is their priority: writes of a slice with tables go to the owner, an unknown caller goes to the legacy, a
 * tester's override comes before the pin, a pinned user reads what they wrote, and the flag chooses last, unless the
 * other side's data is not complete or the candidate is unhealthy.
 */
import { otherSide, type Side } from '../slice/side.ts';
import type { Lack } from '../slice/slice-state.ts';
import type { Reason } from './reasons.ts';

export interface DecideFacts {
  readonly kind: 'read' | 'write';
  /** Whether the slice has tables: without any, the serve flag moves writes as well. */
  readonly hasTables: boolean;
  readonly owner: Side;
  /** The serve flag, evaluated for this user. */
  readonly serveEnabled: boolean;
  /** The shadow flag, evaluated for this user. */
  readonly shadowEnabled: boolean;
  /**
   * The caller has credentials, and whose they are could not be found out just now. Only the legacy knows such a caller:
   * at the candidate they would be anonymous, a user who is suddenly logged out.
   */
  readonly uncertain: boolean;
  /** True while a write of this user is not known to have reached the other side. */
  readonly pinned: boolean;
  /** What the data of the side that is not the owner lacks. */
  readonly lacks?: Lack | null | undefined;
  /** A tester's valid override. */
  readonly forced?: Side | undefined;
  /**
   * A CORS preflight, sent by a browser without credentials before the request that it announces. It goes where that
   * request goes, as far as this is known without its user: whole shares, and writes of a slice with tables.
   */
  readonly preflight?: boolean | undefined;
  /** False while the candidate's circuit breaker is open. */
  readonly candidateAvailable: boolean;
  /** The candidate fails its health checks, and the legacy may serve in its place. */
  readonly candidateUnhealthy: boolean;
}

export interface Decision {
  readonly serve: Side;
  /** The side that gets a copy: never the serving one, never of a write, never while the user is pinned. */
  readonly shadow: Side | undefined;
  readonly reason: Reason;
}

/** Decides one request. */
export function decideSide(facts: DecideFacts): Decision {
  const [serve, cause] = decideServe(facts);
  const reason = facts.preflight && OF_REQUESTS.has(cause) ? 'preflight' : cause;
  // While pinned, the other side is known to be behind for this user, and for all while it lacks data; an uncertain
  // caller would be anonymous there: a comparison would prove nothing.
  const comparable =
    facts.kind === 'read' && !facts.pinned && !facts.lacks && !facts.uncertain && !facts.preflight;
  const answers = facts.candidateAvailable && !facts.candidateUnhealthy;
  const mayCopy = facts.shadowEnabled && comparable && answers;
  return { serve, shadow: mayCopy ? otherSide(serve) : undefined, reason };
}

/** Reasons that tell nothing of users, or of writes, when a preflight has them. */
const OF_REQUESTS: ReadonlySet<Reason> = new Set([
  'owner-writes',
  'pinned',
  'serve-flag-on',
  'serve-flag-off',
]);

const LACKING = { rows: 'copy-incomplete', changes: 'stream-stopped' } as const satisfies Record<
  Lack,
  Reason
>;

/** Whatever speaks for the legacy, what it does not have it cannot serve: its reads would be old for ever. */
function decideServe(facts: DecideFacts): [Side, Reason] {
  const [side, reason] = decideByCaller(facts);
  const isLacking = facts.lacks && side !== facts.owner && reason !== 'forced';
  return isLacking ? [facts.owner, LACKING[facts.lacks]] : [side, reason];
}

function decideByCaller(facts: DecideFacts): [Side, Reason] {
  if (facts.kind === 'write' && facts.hasTables) return [facts.owner, 'owner-writes'];
  if (facts.uncertain) return ['legacy', 'caller-unknown'];
  if (facts.forced) return [facts.forced, 'forced'];
  if (facts.pinned && facts.kind === 'read') return [facts.owner, 'pinned'];
  const wanted: Side = facts.serveEnabled ? 'candidate' : 'legacy';
  if (facts.lacks && wanted !== facts.owner) return [facts.owner, LACKING[facts.lacks]];
  if (wanted === 'candidate' && facts.candidateUnhealthy) return ['legacy', 'candidate-unhealthy'];
  if (wanted === 'candidate' && !facts.candidateAvailable) return ['legacy', 'breaker-open'];
  return [wanted, facts.serveEnabled ? 'serve-flag-on' : 'serve-flag-off'];
}
