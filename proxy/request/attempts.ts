/**
 * Steps 5 and 6, forward and respond: the attempts to have a request answered. One object per request, which
 * is also the forwarder's ForwardCall: it supplies the changes for the chosen side, receives the outcome, and
 * retries, falls back to the legacy, or answers in the upstream's place (next-step.ts decides which). A write
 * whose owner has changed, or is changing, is sent to neither side: it is decided again, unless it may have
 * arrived.
 */
import type { Side, UpstreamConfig } from '@ficus/core';
import { clientOrigin } from '../accept/client-origin.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { forward, forwardUpgrade } from '../forward/forward.ts';
import type { ForwardCall } from '../forward/forward-call.ts';
import type { ResponseHead, ResponseHook } from '../respond/response-amendments.ts';
import type { LiveUpstream } from '../snapshot/live-upstream.ts';
import type { BodyCapture } from '../wire/body-capture.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import type { Discarded, Failed, Outcome } from '../wire/outcome.ts';
import type { FieldNames } from '../wire/request-head.ts';
import { withoutSide, withSide, withWrites } from './added-fields.ts';
import { answerForOutcome } from './answer-for-outcome.ts';
import { answerClient, giveUp } from './end-unserved.ts';
import { decideNextStep, type FallBackFacts, mayDiscardAnswer, mayFallBack } from './next-step.ts';
import { fieldsFor, removedFor, targetFor } from './outgoing-head.ts';
import { countRequest, dropShadow, reportServed } from './request-report.ts';
import type { RequestState } from './request-state.ts';
import { beginSending, endSending } from './sending-span.ts';

/**
 * Step 5 for a request that has not been forwarded yet.
 * @param decideAgain takes back a write that was decided for a former owner and was not sent
 */
export function forwardTo(side: Side, state: RequestState, decideAgain: (state: RequestState) => void): void {
  new Attempts(state, decideAgain).begin(side);
}

class Attempts implements ForwardCall {
  target: string | undefined = undefined;
  setHeaders: readonly string[] | undefined = undefined;
  removeHeaders: FieldNames | undefined = undefined;
  onResponseHead: ResponseHook | undefined = undefined;
  onPlaces: ResponseHook | undefined = undefined;

  readonly #state: RequestState;
  readonly #decideAgain: (state: RequestState) => void;
  #live: LiveUpstream | undefined = undefined;
  /** Among the requests that its upstream takes at once: without end, it would hold one for too long. */
  #hasPlace = false;
  #exposed = false;
  /** Of an attempt that may have arrived: after that, only a request with a safe method may go to another side. */
  #arrived: Outcome | undefined = undefined;

  constructor(state: RequestState, decideAgain: (state: RequestState) => void) {
    this.#state = state;
    this.#decideAgain = decideAgain;
  }

  get responseHeaders(): string[] | undefined {
    return this.#state.responseHeaders;
  }

  get timeouts(): UpstreamConfig['timeouts'] | undefined {
    return this.#state.route?.timeouts?.[this.#state.side];
  }

  get bodyLimit(): number | undefined {
    return this.#state.bodyLimit;
  }

  get clientSilenceMs(): number {
    return this.#state.snapshot.config.proxy.timeouts.requestMs;
  }

  get sentFields(): string[] | undefined {
    return this.#state.shadow?.sentFields;
  }

  get responseCapture(): BodyCapture | undefined {
    return this.#state.shadow?.capture;
  }

  // Step 5: forward.
  begin(side: Side): void {
    const state = this.#state;
    state.side = side;
    const live = side === 'legacy' ? state.snapshot.legacy : state.route!.slice.candidate;
    const refused = live.tryEnter(turnNow(), state.attempts === 0);
    if (refused) {
      if (mayFallBack(this.#fallBackFacts()))
        this.#fallBack(live.breaker.state === 'closed' ? 'fell-back' : 'breaker-open');
      else giveUp(state, refused);
      return;
    }
    this.#live = live;
    state.sending = beginSending(state, side, live.upstream);
    this.#hasPlace = true;
    state.attempts += 1;
    this.#amend(side, live);
    const { request, response, upgrade } = state;
    const exchange = response
      ? forward(live.upstream, request, response, this)
      : forwardUpgrade(live.upstream, request, upgrade!.socket, upgrade!.firstBytes, this);
    if (state.endless) state.host.holdEndless(state, exchange);
  }

  /** What changes on the way to this side. */
  #amend(side: Side, live: LiveUpstream): void {
    const state = this.#state;
    this.target = targetFor(live.upstream, side, state);
    this.setHeaders = fieldsFor(side, state);
    this.removeHeaders = removedFor(side, state);
    const mayDiscard = live.upstream.config.retry.attempts > state.attempts;
    const pins = state.pins?.isEmpty === false;
    const rewrites = side === 'candidate' && state.route!.rewrite !== undefined;
    this.onResponseHead = mayDiscard || pins || state.shadow || rewrites ? takeHead : undefined;
    this.onPlaces = side === 'candidate' || live.upstream.host !== undefined ? takeHead : undefined;
    if (!state.snapshot.config.proxy.expose || this.#exposed) return;
    this.#exposed = true;
    state.responseHeaders = withSide(state.responseHeaders, side, state.decision.reason);
  }

  /** From the forwarder: a write may have waited for its connection while its owner changed. */
  mayLeave(): boolean {
    const { pins } = this.#state;
    return pins === undefined || pins.trySend();
  }

  get #isOutdated(): boolean {
    return this.#state.pins?.isOutdated === true;
  }

  /** Called by the forwarder through `takeHead`. */
  inspectResponse(head: ResponseHead): 'forward' | 'discard' {
    const state = this.#state;
    if (this.#tryToDiscard(head.status)) return 'discard';
    state.shadow?.noteHead(head);
    if (state.pins) {
      state.pins.noteAnswer(head.headers);
      state.responseHeaders = withWrites(state.responseHeaders, state.pins.cookies());
    }
    const live = this.#live!;
    if (state.side === 'candidate') state.route!.rewriteResponse(head, clientOrigin(state.head));
    // Without a Host of its own, the legacy's answers are as they were without the proxy.
    else if (live.upstream.host !== undefined) live.rewritePlaces(head, clientOrigin(state.head));
    return 'forward';
  }

  /** From the forwarder: the answer sets a cookie, which may be a session's. Any answer may: a logout by GET does. */
  onSetCookie(head: HeadLines): void {
    const { host, snapshot, head: asked, request } = this.#state;
    const { sessions } = snapshot;
    if (sessions === undefined) return;
    const changed = sessions.changedBy(head.fields(false), asked, request.rawHeaders);
    if (changed.length > 0) host.forgetSessions(changed);
  }

  /** Discards the answer for another attempt where both are allowed; the attempt is then paid from the budget. */
  #tryToDiscard(status: number): boolean {
    const { request, head, attempts, pins } = this.#state;
    const live = this.#live!;
    const { retry } = live.upstream.config;
    if (attempts >= retry.attempts || !retry.statuses.includes(status)) return false;
    const writes = pins?.isEmpty === false;
    return mayDiscardAnswer(request.method!, head.hasBody, writes) && live.budget.withdraw(turnNow());
  }

  /** From the forwarder: an answer without an end. It is never compared: a copy would hold its place for as long. */
  onEndless(exchange: { cancel(): void }, status: number): void {
    this.#live!.leavePlace();
    this.#live!.noteStatus(status, turnNow());
    this.#hasPlace = false;
    dropShadow(this.#state, 'event-stream');
    this.#state.pins?.answerIsEndless();
    this.#state.endless = true;
    this.#state.host.holdEndless(this.#state, exchange);
  }

  // Step 6: respond, when the forwarder could not.
  onOutcome(outcome: Outcome): void {
    const live = this.#live!;
    if (this.#hasPlace) live.leavePlace();
    live.noteOutcome(outcome, turnNow());
    endSending(this.#state, outcome);
    if (outcome.mayHaveBeenSent) this.#arrived = outcome;
    this.#state.pins?.noteOutcome(outcome, this.timeouts ?? live.upstream.config.timeouts);
    if (outcome.kind === 'completed' || outcome.kind === 'tunnelled')
      reportServed(this.#state, outcome, outcome.status >= 500);
    else if (outcome.kind === 'withdrawn') this.#endOutdated();
    else {
      if (outcome.kind === 'failed') this.#state.snapshot.counters.countFailed(live.upstream.name, outcome);
      this.#proceed(outcome);
    }
  }

  /** The client has seen nothing, or a part. */
  #proceed(outcome: Failed | Discarded): void {
    const live = this.#live!;
    const { attempts } = this.#state;
    const maxAttempts = live.upstream.config.retry.attempts;
    // For a discarded answer it is already paid.
    const isPaid = outcome.kind === 'discarded';
    const affordable = isPaid || live.budget.covers(turnNow());
    const next = decideNextStep({ ...this.#fallBackFacts(), outcome, attempts, maxAttempts, affordable });
    if (next === 'retry') {
      if (!isPaid) live.budget.withdraw(turnNow());
      this.#retry(live);
    } else if (next === 'fall-back' && this.#isOutdated) this.#endOutdated();
    else if (next === 'fall-back') {
      // The candidate's failure stays visible, though the client will not see it: guards count it.
      countRequest(this.#state, true);
      this.#fallBack('fell-back');
    } else this.#answerOutcome(outcome, live);
  }

  #fallBackFacts(): FallBackFacts {
    const { side, request, route, decision } = this.#state;
    return {
      side,
      method: request.method!,
      mayHaveArrived: this.#arrived !== undefined,
      kind: route?.config.kind ?? 'write',
      onBreakerOpen: route?.slice.config.onBreakerOpen ?? 'fail',
      pinned: decision.pinned,
      legacyLacks: decision.state.owner === 'candidate' && Boolean(decision.state.lacks),
      reason: decision.reason,
    };
  }

  #retry(live: LiveUpstream): void {
    const { snapshot, route, side, attempts } = this.#state;
    snapshot.counters.add(`ficus_retries_total{slice="${route?.slice.name ?? ''}",kind="retry"}`);
    this.responseCapture?.clear();
    const again = (): void => {
      if (this.#isOutdated) this.#endOutdated();
      else this.begin(side);
    };
    setTimeout(again, live.pauseMs(attempts));
  }

  /** A write that may no longer be sent as it was decided. */
  #endOutdated(): void {
    if (this.#arrived !== undefined) this.#answerOutcome(this.#arrived, this.#live!);
    else {
      this.#state.responseHeaders = withoutSide(this.#state.responseHeaders);
      this.#decideAgain(this.#state);
    }
  }

  #fallBack(reason: 'breaker-open' | 'fell-back'): void {
    const state = this.#state;
    state.snapshot.counters.add(`ficus_retries_total{slice="${state.route!.slice.name}",kind="fall-back"}`);
    dropShadow(state, 'fell-back');
    state.decision = { ...state.decision, serve: 'legacy', shadow: undefined, reason };
    state.responseHeaders = withoutSide(state.responseHeaders);
    this.#exposed = false;
    this.begin('legacy');
  }

  #answerOutcome(outcome: Outcome, live: LiveUpstream): void {
    const answer = answerForOutcome(outcome, live.describedName, this.#state.request.method!);
    if (answer) answerClient(this.#state, answer, true);
    else if (!outcome.responseStarted) this.#state.request.socket.destroy();
    reportServed(this.#state, outcome, true);
  }
}

/** One function for all requests; the forwarder calls it as a method of the call. */
function takeHead(this: ForwardCall, head: ResponseHead): 'forward' | 'discard' {
  return (this as Attempts).inspectResponse(head);
}
