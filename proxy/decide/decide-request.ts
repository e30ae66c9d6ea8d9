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
import { cookieValues } from '../wire/cookie.ts';

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

/** What the decision reads of its worker. `ficus explain` passes one that notes what is read, and counts nothing. */
export interface DecideHost extends Pick<RequestHost, 'now' | 'stateOf'> {
  readonly flags: Pick<RequestHost['flags'], 'usesAddress' | 'isEnabled'>;
  readonly pins: Pick<RequestHost['pins'], 'isPinned'>;
  readonly elsewhere: Pick<RequestHost['elsewhere'], 'pins'>;
  readonly snapshot: Pick<RequestHost['snapshot'], 'force'> & {
    readonly counters: Pick<RequestHost['snapshot']['counters'], 'add'>;
  };
}

export function decideRequest(host: DecideHost, route: LiveRoute, request: CallerFacts): RequestDecision {
  const { slice, config } = route;
  const { head, identity } = request;
  const { caller, pinKey, newBucket, keptBucket } = callerOf(slice, request);
  if (caller === undefined) countUnidentified(host, slice, identity);
  const context = contextOf(route, identity, caller);
  // Few flags depend on it, and behind proxies it takes a computation.
  if (host.flags.usesAddress) context.remoteAddress = head.clientAddress;
  const sticky = slice.config.anonymousBucket?.afterLogin === 'bucket' ? keptBucket : undefined;
  const { force } = host.snapshot;
  const state = host.stateOf(slice.name);
  const facts: DecideFacts = {
    kind: config.kind,
    hasTables: slice.hasTables,
    owner: state.owner,
    serveEnabled: host.flags.isEnabled(slice.serveFlag, context, sticky),
    shadowEnabled: host.flags.isEnabled(slice.shadowFlag, context, sticky),
    uncertain: identity.uncertain,
    preflight: request.isPreflight,
    pinned: pinKey !== undefined && isPinned(host, slice, head.cookie, pinKey, keptBucket),
    lacks: state.lacks,
    forced:
      force && head.force !== undefined ? force.read(head.force, head.clientAddress, host.now()) : undefined,
    candidateAvailable: slice.candidate.breaker.allows(turnNow()),
    // A check makes no request fail: where none may fall back, the candidate still gets them.
    candidateUnhealthy: slice.candidate.failsChecks && slice.config.onBreakerOpen === 'legacy',
  };
  const { serve, shadow, reason } = decideSide(facts);
  return { serve, shadow, reason, pinned: facts.pinned, state, newBucket };
}

/** What a caller wrote before they logged in was pinned under their bucket, and what they wrote elsewhere by their cookie. */
function isPinned(
  { pins, elsewhere }: DecideHost,
  { name, wroteCookie }: LiveSlice,
  cookies: string | undefined,
  pinKey: string,
  keptBucket: string | undefined,
): boolean {
  // Few callers have written lately: the others cost a search, and no list.
  const wrote = wroteCookie !== undefined && cookies?.includes(wroteCookie) === true;
  return (
    (wrote && elsewhere.pins(name, pinKey, cookieValues(cookies, wroteCookie))) ||
    pins.isPinned(name, pinKey) ||
    (keptBucket !== undefined && pins.isPinned(name, keptBucket))
  );
}

/** Percentages below 100 do not move such a caller: an operator sees how many there are. */
function countUnidentified(host: DecideHost, { unidentified }: LiveSlice, { uncertain }: Identity): void {
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
  /** The bucket of a caller who has a name by now. */
  readonly keptBucket: string | undefined;
}

export function callerOf(slice: LiveSlice, request: CallerFacts): SliceCaller {
  const { head, identity } = request;
  const named = identity.user ?? identity.session;
  const bucket = slice.config.anonymousBucket === undefined ? NO_BUCKET : bucketOf(slice, request, named);
  const caller = named ?? bucket.known ?? bucket.fresh;
  const pinKey = slice.hasTables ? boundedKey(caller ?? `address ${head.clientAddress}`) : undefined;
  return {
    caller,
    pinKey,
    newBucket: bucket.fresh,
    keptBucket: named === undefined ? undefined : bucket.known,
  };
}

interface Bucket {
  /** The one that the caller sent. */
  readonly known: string | undefined;
  /** The one that the caller gets. */
  readonly fresh: string | undefined;
}

const NO_BUCKET: Bucket = { known: undefined, fresh: undefined };

/** An uncertain caller is not anonymous, and a preflight is sent without the caller's cookies. */
function bucketOf({ config }: LiveSlice, request: CallerFacts, named: string | undefined): Bucket {
  if (request.identity.uncertain || request.isPreflight) return NO_BUCKET;
  const known = readBucket(request.head.cookie, config.anonymousBucket!.cookie);
  if (known !== undefined || named !== undefined) return { known, fresh: undefined };
  request.newBucket ??= makeBucket();
  return { known, fresh: request.newBucket };
}

/** Callers without any identity are evaluated as the user whom a percentage reaches last. */
function contextOf({ slice, config }: LiveRoute, identity: Identity, caller: string | undefined): Context {
  const { session, tenant } = identity;
  const properties = tenant === undefined ? { route: config.id } : { route: config.id, tenant };
  const userId = caller ?? slice.lastUser;
  return session === undefined ? { userId, properties } : { userId, sessionId: session, properties };
}
