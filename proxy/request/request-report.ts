/**
 * Step 7, observe: what is counted, logged and traced about a request, and its copy. Everything that ends a request
 * calls `release`, exactly once.
 */

import type { DropReason } from '@ficus/core';
import { turnNow } from '../clock/turn-clock.ts';
import { type AccessLine, isSampled, logFailed } from '../observe/access-log.ts';
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
    host.logServed(requestLine(state, durationMs), outcome);
  }
  if (state.shadow && outcome.kind === 'completed') copy(state, durationMs);
  // A client that disconnects is no side's failure, but its span says that it has no answer.
  release(state, outcome.status, outcome.kind === 'failed' ? outcome.cause : undefined);
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

function endSpan(state: RequestState, status: number, error: string | undefined): void {
  const { name, route, side, decision } = state;
  name.span?.end({
    status,
    error,
    side,
    reason: decision.reason,
    slice: route?.slice.name,
    route: route?.config.id,
    pattern: route?.config.path,
  });
}

/**
 * The request is over, except for its shadow copy.
 * @param status that an upstream answered; 0 when none did
 * @param error one word, when the request failed without an upstream's answer
 */
export function release(state: RequestState, status: number, error?: string): void {
  if (state.over) return;
  state.over = true;
  endSpan(state, status || state.ownStatus, error);
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
