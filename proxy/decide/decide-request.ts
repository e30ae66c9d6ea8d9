/**
 * Step 4, decide: gathers what core's `decideSide` needs (flags evaluated for this caller, owner, pin, a tester's
 * override, the breaker) and returns who serves. The decision itself is in core, pure and tested there.
 */
import {
  type DecideFacts,
  type Decision,
  decideSide,
  INITIAL_SLICE_STATE,
  type SliceState,
} from '@ficus/core';
import type { Context } from 'unleash-client';
import type { InspectedHead } from '../accept/inspected-head.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { makeBucket, readBucket } from '../identify/anonymous-bucket.ts';
import type { Identity } from '../identify/identity.ts';
import { boundedKey } from '../identify/own-text.ts';
import type { LiveRoute } from '../snapshot/live-route.ts';
import type { LiveSlice } from '../snapshot/live-slice.ts';
import type { RequestHost } from '../snapshot/request-host.ts';

export interface RequestDecision extends Decision {
  /** The other side may not have this user's last write yet. */
  readonly pinned: boolean;
  /** State of the slice at the decision. */
  readonly state: SliceState;
  /** A bucket to assign to the caller. */
  readonly newBucket: string | undefined;
}

/** A request that no route matches goes to the legacy, untouched. */
export const UNMATCHED: RequestDecision = {
  serve: 'legacy',
  shadow: undefined,
  reason: 'no-route',
  pinned: false,
  state: INITIAL_SLICE_STATE,
  newBucket: undefined,
};

/** The caller, from the earlier steps. */
interface CallerFacts {
  readonly head: InspectedHead;
  readonly identity: Identity;
  readonly isPreflight: boolean;
  /** Created for the first slice that asks for one and shared by the others. */
  newBucket: string | undefined;
}

export function decideRequest(host: RequestHost, route: LiveRoute, request: CallerFacts): RequestDecision {
  const { slice, config } = route;
  const { head, identity } = request;
  const { caller, pinKey, newBucket } = callerOf(slice, request);
  if (caller === undefined) countUnidentified(host, slice, identity);
  const context = contextOf(route, identity, caller);
  // Few flags depend on it, and behind proxies it takes a computation.
  if (host.flags.usesAddress) context.remoteAddress = head.clientAddress;
  const { force } = host.snapshot;
  const state = host.stateOf(slice.name);
  const facts: DecideFacts = {
    kind: config.kind,
    hasTables: slice.hasTables,
    owner: state.owner,
    serveEnabled: host.flags.isEnabled(slice.serveFlag, context),
    shadowEnabled: host.flags.isEnabled(slice.shadowFlag, context),
    uncertain: identity.uncertain,
    preflight: request.isPreflight,
    pinned: pinKey !== undefined && host.pins.isPinned(slice.name, pinKey),
    forced:
      force && head.force !== undefined ? force.read(head.force, head.clientAddress, host.now()) : undefined,
    candidateAvailable: slice.candidate.breaker.allows(turnNow()),
    // A check makes no request fail: where none may fall back, the candidate still gets them.
    candidateUnhealthy: slice.candidate.failsChecks && slice.config.onBreakerOpen === 'legacy',
  };
  const { serve, shadow, reason } = decideSide(facts);
  return { serve, shadow, reason, pinned: facts.pinned, state, newBucket };
}

/** Percentages below 100 do not move such a caller: an operator sees how many there are. */
function countUnidentified(host: RequestHost, { unidentified }: LiveSlice, { uncertain }: Identity): void {
  host.snapshot.counters.add(uncertain ? unidentified.unknown : unidentified.anonymous);
}

/** The caller, for one slice. */
interface SliceCaller {
  /** Undefined for callers without any identity, and for uncertain ones. */
  readonly caller: string | undefined;
  /** The key that the user's reads are pinned under; undefined in a slice without tables. */
  readonly pinKey: string | undefined;
  /** A bucket to assign to the caller. */
  readonly newBucket: string | undefined;
}

export function callerOf(slice: LiveSlice, request: CallerFacts): SliceCaller {
  const { head, identity } = request;
  const named = identity.user ?? identity.session;
  // An uncertain caller is not anonymous, and a preflight is sent without the caller's cookies.
  const bucketed = named === undefined && !identity.uncertain && !request.isPreflight;
  const cookie = bucketed ? slice.config.anonymousBucket?.cookie : undefined;
  const known = cookie === undefined ? undefined : readBucket(head.cookie, cookie);
  if (cookie !== undefined && known === undefined) request.newBucket ??= makeBucket();
  const newBucket = cookie !== undefined && known === undefined ? request.newBucket : undefined;
  const caller = named ?? known ?? newBucket;
  const pinKey = slice.hasTables ? boundedKey(caller ?? `address ${head.clientAddress}`) : undefined;
  return { caller, pinKey, newBucket };
}

/** Callers without any identity are evaluated as the user whom a percentage reaches last. */
function contextOf({ slice, config }: LiveRoute, identity: Identity, caller: string | undefined): Context {
  const { session, tenant } = identity;
  const properties = tenant === undefined ? { route: config.id } : { route: config.id, tenant };
  const userId = caller ?? slice.lastUser;
  return session === undefined ? { userId, properties } : { userId, sessionId: session, properties };
}
