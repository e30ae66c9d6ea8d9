/**
 * Step 7, observe: what is counted, logged and traced about a request, and its copy. Everything that ends a request
 * calls `release`, exactly once.
 */

import type { DropReason } from '@ficus/core';
import { turnNow } from '../clock/turn-clock.ts';
import { type AccessLine, isSampled, logFailed, logServed } from '../observe/access-log.ts';
import type { Outcome } from '../wire/outcome.ts';
import type { RequestState } from './request-state.ts';
import { sendShadow } from './send-shadow.ts';

/** A request that was forwarded, whatever its outcome. */
export function reportServed(state: RequestState, outcome: Outcome, failed: boolean): void {
  const { host, snapshot } = state;
  // A client that disconnects is no side's failure: guards compare only failures of the sides.
  const durationMs = countRequest(state, failed && !(outcome.kind === 'failed' && outcome.side === 'client'));
  if (failed) logFailed(host.logger, requestLine(state, durationMs), outcome);
  else if (isSampled(snapshot.config.proxy.accessLog.sample)) {
    logServed(host.logger, requestLine(state, durationMs), outcome);
  }
  if (state.shadow && outcome.kind === 'completed') copy(state, durationMs);
  release(state, outcome.status, failed);
}

/** Counts an answer of the current side. @returns milliseconds since the request came */
export function countRequest(state: RequestState, failed: boolean): number {
  const durationMs = turnNow() - state.startedAt;
  const { counters } = state.snapshot;
  counters.count(state.route?.matched, state.side, state.decision.reason, failed, durationMs);
  return durationMs;
}

export function requestLine(state: RequestState, durationMs: number): AccessLine {
  const { name, request, head, route, side, decision, attempts } = state;
  return {
    requestId: name.requestId,
    traceId: name.traceId,
    method: request.method!,
    path: head.path,
    slice: route?.slice.name,
    route: route?.config.id,
    side,
    reason: decision.reason,
    attempts,
    durationMs: Math.round(durationMs * 1000) / 1000,
  };
}

function endSpan({ name, route, side, decision }: RequestState, status: number, failed: boolean): void {
  const { reason } = decision;
  name.span?.end({ status, failed, side, reason, slice: route?.slice.name, route: route?.config.id });
}

/** The request is over, except for its shadow copy. */
export function release(state: RequestState, status: number, failed: boolean): void {
  if (state.over) return;
  state.over = true;
  endSpan(state, status, failed);
  dropShadow(state, 'live-failed');
  if (state.endless) state.host.dropEndless(state);
  state.pins?.end();
  state.host.finished(state.snapshot);
}

/** Cancels the copy. */
export function dropShadow(state: RequestState, reason: DropReason): void {
  state.shadow?.drop(state.route!.slice.name, reason);
  state.shadow = undefined;
}

function copy(state: RequestState, durationMs: number): void {
  const plan = state.shadow!;
  state.shadow = undefined;
  sendShadow(plan, state, durationMs);
}
