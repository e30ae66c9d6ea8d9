/**
 * The path of one request, as a list of steps:
 *
 *     1 accept → 2 match → 3 identify → write gate → 4 decide → 5 forward → 6 respond → 7 observe
 *
 * Each step writes its result into the request's state and calls the next. A request waits in two places: at step 3 for
 * an identity that has to be looked up, and at the gate. It costs no promise and no closure unless it waits. A write
 * that waits again after the gate, for a connection or between two attempts, returns to the gate when its owner changes
 * meanwhile. Steps 5 and 6 are attempts.ts (a request may be forwarded more than once), step 7 is request-report.ts.
 */
import { isSafe } from '@ficus/core';
import { AMBIGUOUS_PATH, BODY_TOO_LARGE, inspectHead } from '../accept/inspect-head.ts';
import { callerOf, decideRequest, type RequestDecision } from '../decide/decide-request.ts';
import type { Identity } from '../identify/identity.ts';
import { matchAmbiguous } from '../match/match-ambiguous.ts';
import { ShadowPlan } from '../mirror/shadow-plan.ts';
import { nameRequest } from '../observe/request-name.ts';
import type { LiveSlice } from '../snapshot/live-slice.ts';
import type { LeaveGate } from '../snapshot/request-host.ts';
import { withBucket } from './added-fields.ts';
import { forwardTo } from './attempts.ts';
import { endAbandoned, endOptions, failUnforeseen, giveUp, refuse, turnBack } from './end-unserved.ts';
import type { RequestState } from './request-state.ts';
import { WritePins } from './write-pins.ts';

/** Called by the worker for each request; never throws. */
export function runRequest(state: RequestState): void {
  step(accept, state);
}

/** An unforeseen error in one request must not end the others of this worker. */
function step(take: (state: RequestState) => void, state: RequestState): void {
  try {
    take(state);
  } catch (error) {
    failUnforeseen(state, error);
  }
}

// Step 1: accept and validate.
function accept(state: RequestState): void {
  const { host, snapshot, request, head } = state;
  const refusal = inspectHead(request, head, snapshot.config.proxy.limits, snapshot.trusted);
  state.name = nameRequest(head, request.method!, host.spans);
  if (refusal) refuse(state, refusal);
  else if (host.shedding) giveUp(state, OVERFULL);
  else if (head.maxForwards === 0) endOptions(state);
  else match(state);
}

export const OVERFULL = {
  code: 'FICUS_PROXY_OVERLOADED',
  detail: 'The proxy has reached its memory limit.',
  retryAfterSeconds: 1,
} as const;

// Step 2: match. Requests that match no route and write no slice's tables go to the legacy untouched.
function match(state: RequestState): void {
  if (!findRoute(state)) refuse(state, AMBIGUOUS_PATH);
  else if (exceedsLimit(state)) refuse(state, BODY_TOO_LARGE);
  else if (state.route === undefined && state.foreignWrites === undefined) passGate(state);
  else identify(state);
}

/** Returns false when the path may mean several routes. */
export function findRoute(state: RequestState): boolean {
  const { snapshot, head } = state;
  const { table, routes, foreignWrites, slices } = snapshot;
  const method = state.request.method!;
  if (head.path !== '*') {
    const agreed = head.ambiguous && matchAmbiguous(snapshot, method, head.ambiguous, head);
    if (agreed === 'disputed') return false;
    const matched = agreed ? agreed.matched : table.find(method, head.path, head);
    if (matched !== undefined) {
      state.route = routes[matched.index]!;
      state.isPreflight = method === 'OPTIONS' && !matched.route.methods.includes('OPTIONS');
    }
    const written = agreed ? agreed.written : foreignWrites?.find(method, head.path, head);
    if (written?.length) state.foreignWrites = written.map((name) => slices.get(name)!);
  }
  return true;
}

/** A body of unknown length is counted on its way. */
export function exceedsLimit(state: RequestState): boolean {
  const limit = state.bodyLimit;
  return limit !== undefined && Number(state.head.contentLength ?? 0) > limit;
}

// Step 3: identify. Only a new token, or a question to the legacy, makes the request wait.
function identify(state: RequestState): void {
  const identity = state.snapshot.identifier.identify(state.head, state.request.rawHeaders);
  if (identity instanceof Promise) {
    const proceed = (known: Identity): void => {
      state.identity = known;
      passGate(state);
    };
    identity.then(proceed).catch((error: unknown) => failUnforeseen(state, error));
  } else {
    state.identity = identity;
    passGate(state);
  }
}

// The write gate: a write waits until its caller is pinned in all workers, and its session known to change, and while
// its slice is held. It is decided when it leaves, never before.
function passGate(state: RequestState): void {
  const { route, foreignWrites } = state;
  const writes = route?.config.kind === 'write' && route.slice.hasTables && !state.isPreflight;
  const own = writes ? route.slice : undefined;
  const sessions = sessionsChangedBy(state);
  if (own === undefined && foreignWrites === undefined && sessions === undefined) {
    decide(state);
    return;
  }
  const pins = new WritePins(state);
  state.pins = pins;
  if (own !== undefined) addPin(pins, own, state);
  for (const slice of foreignWrites ?? []) if (slice !== own) addPin(pins, slice, state);
  if (sessions !== undefined) pins.holdSessions(sessions);
  waitAtGate(state, pins, (leave) => pins.passGate(leave));
}

/** Any request whose method is not safe may be a login or a logout, whatever its route is. */
function sessionsChangedBy({ snapshot, request, head }: RequestState): readonly string[] | undefined {
  const { sessions } = snapshot;
  if (sessions === undefined || isSafe(request.method!)) return undefined;
  const carried = sessions.carriedBy(head, request.rawHeaders);
  return carried.length === 0 ? undefined : carried;
}

function passGateAgain(state: RequestState): void {
  const pins = state.pins!;
  waitAtGate(state, pins, (leave) => pins.passGateAgain(leave));
}

/** When its client leaves, another write may have its place. */
function waitAtGate(state: RequestState, pins: WritePins, enter: (leave: LeaveGate) => void): void {
  const { socket } = state.request;
  let left = false;
  enter((refusal) => {
    left = true;
    socket.removeListener('close', onClose);
    step(refusal === undefined ? decide : () => turnBack(state, refusal), state);
  });
  function onClose(): void {
    pins.abandon();
    step(endAbandoned, state);
  }
  if (left) return;
  if (socket.destroyed) onClose();
  else socket.once('close', onClose);
}

function addPin(pins: WritePins, slice: LiveSlice, state: RequestState): void {
  const { pinKey, caller, newBucket } = callerOf(slice, state);
  state.responseHeaders = withBucket(state.responseHeaders, slice, newBucket);
  pins.add(slice.name, pinKey, caller);
}

// Step 4: decide.
function decide(state: RequestState): void {
  const { route, snapshot } = state;
  if (route === undefined) {
    forwardTo('legacy', state, passGateAgain);
    return;
  }
  const { slice } = route;
  const decision = decideRequest(state.host, route, state);
  state.decision = decision;
  state.responseHeaders = withBucket(state.responseHeaders, slice, decision.newBucket);
  if (failsOnBreaker(decision, slice)) {
    giveUp(state, slice.candidate.breakerOpenAnswer);
    return;
  }
  // Room for the copy is reserved before the live exchange begins; writes are never copied.
  const writes = state.pins?.isEmpty === false;
  if (decision.shadow !== undefined && !writes) {
    const isUpgrade = state.upgrade !== undefined;
    state.shadow = ShadowPlan.make(snapshot.mirror, slice.name, state.request, isUpgrade);
  }
  forwardTo(decision.serve, state, passGateAgain);
}

/** Whether the slice refuses the request instead of leaving it to the legacy. */
export function failsOnBreaker({ reason }: Pick<RequestDecision, 'reason'>, { config }: LiveSlice): boolean {
  return reason === 'breaker-open' && config.onBreakerOpen === 'fail';
}
