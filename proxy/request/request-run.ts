/**
 * The path of one request: 1 accept and validate · 2 match · 3 identify · 4 decide · 5 forward · 6 respond ·
 * 7 observe. The object is itself what the forwarder asks for (ForwardCall), so a request
 * costs one object and no closures, and no promise unless its identity has to be asked for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Side } from '@ficus/core';
import { clientAddress, peerAddress } from '../accept/client-address.ts';
import { InspectedHead, inspectHead, type Refusal } from '../accept/inspect-head.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { decideRequest, type RequestDecision, UNMATCHED } from '../decide/decide-request.ts';
import { forward, forwardUpgrade } from '../forward/forward.ts';
import type { ForwardCall } from '../forward/forward-call.ts';
import { ANONYMOUS, type Identity } from '../identify/identity.ts';
import { ShadowPlan } from '../mirror/shadow-plan.ts';
import { type AccessLine, isSampled, logFailed, logServed } from '../observe/access-log.ts';
import { nameRequest, type RequestName } from '../observe/request-name.ts';
import { answerOptions } from '../respond/answer-options.ts';
import { answerProblem, answerProblemOnSocket, type ProblemAnswer } from '../respond/answer-problem.ts';
import type { ResponseHead } from '../respond/response-amendments.ts';
import type { LiveRoute, LiveSlice, LiveSnapshot } from '../snapshot/live-snapshot.ts';
import type { LiveUpstream } from '../snapshot/live-upstream.ts';
import type { RequestHost } from '../snapshot/request-host.ts';
import type { BodyCapture } from '../wire/body-capture.ts';
import type { Outcome } from '../wire/outcome.ts';
import type { FieldNames } from '../wire/request-head.ts';
import { withBucket, withoutSide, withSide } from './added-fields.ts';
import { answerForOutcome } from './answer-for-outcome.ts';
import { mayFallBack } from './may-fall-back.ts';
import { decideNextStep } from './next-step.ts';
import {
  type CallerFacts,
  clientOrigin,
  fieldsFor,
  hasBody,
  removedFor,
  targetFor,
} from './outgoing-head.ts';
import { sendShadow } from './send-shadow.ts';
import { mayGoOnMs, WritePins } from './write-pins.ts';

export class RequestRun implements ForwardCall {
  target: string | undefined = undefined;
  setHeaders: readonly string[] | undefined = undefined;
  removeHeaders: FieldNames | undefined = undefined;
  sentFields: string[] | undefined = undefined;
  responseHeaders: string[] | undefined = undefined;
  responseCapture: BodyCapture | undefined = undefined;
  onResponseHead: ((head: ResponseHead) => 'forward' | 'discard') | undefined = undefined;

  readonly #host: RequestHost;
  readonly #snapshot: LiveSnapshot;
  readonly #request: IncomingMessage;
  /** Undefined for an upgrade. */
  readonly #response: ServerResponse | undefined;
  readonly #socket: Duplex | undefined;
  readonly #upgradeHead: Buffer | undefined;
  readonly #head = new InspectedHead();
  readonly #startedAt: number;

  #route: LiveRoute | undefined = undefined;
  #identity: Identity = ANONYMOUS;
  #decision: RequestDecision = UNMATCHED;
  #side: Side = 'legacy';
  #live: LiveUpstream | undefined = undefined;
  #name!: RequestName;
  /** Slices beside its own whose tables the request writes. */
  #foreignWrites: readonly LiveSlice[] | undefined = undefined;
  #pins: WritePins | undefined = undefined;
  #attempts = 0;
  #exposed = false;
  #over = false;
  #shadow: ShadowPlan | undefined = undefined;

  constructor(
    host: RequestHost,
    request: IncomingMessage,
    response: ServerResponse | undefined,
    socket: Duplex | undefined,
    upgradeHead: Buffer | undefined,
  ) {
    this.#host = host;
    this.#snapshot = host.snapshot;
    this.#request = request;
    this.#response = response;
    this.#socket = socket;
    this.#upgradeHead = upgradeHead;
    this.#startedAt = turnNow();
  }

  start(): void {
    // Step 1: accept and validate.
    const refusal = inspectHead(this.#request, this.#head, this.#snapshot.config.proxy.limits);
    this.#name = nameRequest(this.#head, this.#request.method!, this.#host.spans);
    if (refusal) this.#refuse(refusal);
    else if (this.#host.shedding) {
      const detail = 'The proxy holds as much as it may.';
      this.#giveUp({ code: 'FICUS_PROXY_OVERLOADED', detail, retryAfterSeconds: 1 });
    } else if (this.#head.maxForwards === 0) this.#answerOptions();
    else {
      if (this.#head.path !== '*') this.#match();
      if (this.#route !== undefined || this.#foreignWrites !== undefined) this.#identify();
      else this.#serve('legacy');
    }
  }

  // Step 2: match.
  #match(): void {
    const { table, routes, foreignWrites, slices } = this.#snapshot;
    const method = this.#request.method!;
    const matched = table.find(method, this.#head.path, this.#head);
    if (matched !== undefined) this.#route = routes[matched.index]!;
    const written = foreignWrites?.find(method, this.#head.path, this.#head);
    if (written?.length) this.#foreignWrites = written.map((name) => slices.get(name)!);
  }

  // Step 3: identify.
  #identify(): void {
    const identity = this.#snapshot.identifier.identify(this.#head, this.#request.rawHeaders);
    if (!(identity instanceof Promise)) this.#decide(identity);
    else identity.then((known) => this.#decide(known)).catch((error: unknown) => this.broken(error));
  }

  // Step 4: decide.
  #decide(identity: Identity): void {
    this.#identity = identity;
    if (this.#route === undefined) this.#pinThenServe('legacy');
    else this.#decideRoute(this.#route, identity);
  }

  #decideRoute(route: LiveRoute, identity: Identity): void {
    const { slice } = route;
    const decision = decideRequest(this.#host, route, identity, this.#head, () => this.#client());
    this.#decision = decision;
    this.responseHeaders = withBucket(undefined, slice, decision.newBucket);
    if (decision.reason === 'breaker-open' && slice.config.onBreakerOpen === 'fail') {
      this.#giveUp(slice.candidate.leftAlone);
      return;
    }
    const writesTables = route.config.kind === 'write' && slice.hasTables;
    if (writesTables || this.#foreignWrites !== undefined) this.#pinThenServe(decision.serve);
    else {
      this.#prepareCopy();
      this.#serve(decision.serve);
    }
  }

  #pinThenServe(side: Side): void {
    const { pinKey } = this.#decision;
    const writes = this.#route?.config.kind === 'write' && pinKey !== undefined;
    this.#pins = new WritePins(this.#host, {
      identity: this.#identity,
      head: this.#head,
      client: () => this.#client(),
      own: writes ? { slice: this.#route!.slice.name, pinKey } : undefined,
      others: this.#foreignWrites ?? [],
      onBucket: (slice, bucket) => {
        this.responseHeaders = withBucket(this.responseHeaders, slice, bucket);
      },
    });
    this.#pins.begin(() => this.#serve(side));
  }

  #client(): string {
    return clientAddress(peerAddress(this.#request.socket), this.#snapshot.trusted, this.#head);
  }

  #prepareCopy(): void {
    if (this.#decision.shadow === undefined || this.#response === undefined) return;
    this.#shadow = ShadowPlan.make(this.#snapshot.mirror, this.#route!.slice.name, this.#request);
    this.responseCapture = this.#shadow?.capture;
    this.sentFields = this.#shadow?.sentFields;
  }

  // Step 5: forward.
  #serve(side: Side): void {
    this.#side = side;
    const live = side === 'legacy' ? this.#snapshot.legacy : this.#route!.slice.candidate;
    const refused = live.tryEnter(turnNow(), this.#attempts === 0);
    if (refused) {
      if (mayFallBack(this.#route, side, this.#decision))
        this.#fallBack(live.breaker.state === 'closed' ? 'fell-back' : 'breaker-open');
      else this.#giveUp(refused);
      return;
    }
    this.#live = live;
    this.#attempts += 1;
    this.#amend(side, live);
    const exchange = this.#response
      ? forward(live.upstream, this.#request, this.#response, this)
      : forwardUpgrade(live.upstream, this.#request, this.#socket!, this.#upgradeHead!, this);
    if (this.#response === undefined || this.#head.eventStream) this.#host.holdEndless(this, exchange);
  }

  /** What changes on the way to this side. */
  #amend(side: Side, live: LiveUpstream): void {
    const route = this.#route;
    this.target = targetFor(
      live.upstream,
      side === 'candidate' ? route : undefined,
      this.#request,
      this.#head,
    );
    this.setHeaders = fieldsFor(side, route, this.#snapshot, this.#request, this.#head, this.#caller());
    this.removeHeaders = removedFor(side, route, this.#snapshot, this.#request);
    const mayDiscard = live.upstream.config.retry.attempts > this.#attempts;
    const pins = this.#pins?.isEmpty === false;
    const takesHead = mayDiscard || pins || this.#shadow || (route?.rewrite && side === 'candidate');
    this.onResponseHead = takesHead ? takeHead : undefined;
    if (!this.#snapshot.config.proxy.expose || this.#exposed) return;
    this.#exposed = true;
    this.responseHeaders = withSide(this.responseHeaders, side, this.#decision.reason);
  }

  #caller(): CallerFacts {
    return { name: this.#name, identity: this.#identity, now: this.#host.now() };
  }

  /** Called by the forwarder through `takeHead`. */
  inspectResponse(head: ResponseHead): 'forward' | 'discard' {
    const live = this.#live!;
    if (live.mayTryAgain(this.#request, head.status, this.#attempts, turnNow())) return 'discard';
    this.#shadow?.noteHead(head);
    this.#pins?.noteAnswer(head.headers);
    const rewrite = this.#side === 'candidate' ? this.#route?.rewrite : undefined;
    rewrite?.response(head, clientOrigin(this.#request, this.#head, this.#snapshot));
    return 'forward';
  }

  /** From the forwarder: an answer without an end, whether or not the client asked for one. */
  onEventStream(exchange: { cancel(): void }): void {
    this.#head.eventStream = true;
    this.#host.holdEndless(this, exchange);
  }

  // Step 6: respond, when the forwarder could not.
  onOutcome(outcome: Outcome): void {
    const live = this.#live!;
    live.leave(outcome, turnNow());
    if (outcome.kind === 'completed' || outcome.kind === 'tunnelled') {
      this.#finish(outcome, outcome.status >= 500);
      return;
    }
    if (outcome.kind === 'failed') this.#snapshot.counters.countFailed(live.upstream.name, outcome);
    const fallible = mayFallBack(this.#route, this.#side, this.#decision);
    const step = decideNextStep({
      outcome,
      method: this.#request.method!,
      kind: this.#route?.config.kind ?? 'write',
      side: this.#side,
      reason: this.#decision.reason,
      attempts: this.#attempts,
      maxAttempts: live.upstream.config.retry.attempts,
      mayFallBack: fallible,
    });
    if (step === 'retry' && (outcome.kind === 'discarded' || live.budget.withdraw(turnNow()))) this.#retry();
    else if (step !== 'give-up' && fallible) {
      // The candidate's failure stays visible, though the client will not see it: guards count it.
      this.#count(true);
      this.#fallBack('fell-back');
    } else this.#answerOutcome(outcome);
  }

  #retry(): void {
    this.#snapshot.counters.add(`ficus_retries_total{slice="${this.#route?.slice.name ?? ''}",kind="retry"}`);
    this.responseCapture?.clear();
    setTimeout(() => this.#serve(this.#side), this.#live!.pauseMs(this.#attempts));
  }

  #fallBack(reason: 'breaker-open' | 'fell-back'): void {
    this.#snapshot.counters.add(`ficus_retries_total{slice="${this.#route!.slice.name}",kind="fall-back"}`);
    this.#dropShadow('fell-back');
    this.#decision = { ...this.#decision, serve: 'legacy', shadow: undefined, reason };
    this.responseHeaders = withoutSide(this.responseHeaders);
    this.#exposed = false;
    this.#serve('legacy');
  }

  #answerOutcome(outcome: Outcome): void {
    const answer = answerForOutcome(outcome, this.#live!.upstream.name);
    if (answer) this.#answer(answer, true);
    else if (!outcome.responseStarted) this.#request.socket.destroy();
    this.#finish(outcome, true);
  }

  /** Refused before anything was sent anywhere. */
  #giveUp(answer: ProblemAnswer): void {
    this.#snapshot.counters.add(`ficus_refused_total{reason="${answer.code}"}`);
    this.#answer(answer, hasBody(this.#request));
    const durationMs = this.#count(true);
    this.#host.logger.warn({ ...this.#line(durationMs), code: answer.code }, answer.detail);
    this.#release(0, true);
  }

  #answerOptions(): void {
    this.#snapshot.counters.add('ficus_max_forwards_total');
    answerOptions(this.#response!);
    this.#endSpan(200, false);
    this.#host.finished(this.#snapshot);
  }

  #refuse({ status, reason, detail, headers }: Refusal): void {
    this.#snapshot.counters.add(`ficus_refused_total{reason="${reason}"}`);
    this.#host.logger.warn({ requestId: this.#name.requestId, status, reason }, 'request refused');
    this.#answer({ code: 'FICUS_PROXY_BAD_REQUEST', status, detail, headers }, true);
    this.#endSpan(status, false);
    this.#host.finished(this.#snapshot);
  }

  #endSpan(status: number, failed: boolean): void {
    const { span } = this.#name;
    if (span === undefined) return;
    const { slice, config } = this.#route ?? {};
    const { reason } = this.#decision;
    span.end({ status, failed, side: this.#side, reason, slice: slice?.name, route: config?.id });
  }

  #answer(answer: ProblemAnswer, close: boolean): void {
    const whole = { ...answer, headers: answer.headers ?? this.responseHeaders };
    if (this.#response) answerProblem(this.#response, whole, close);
    else answerProblemOnSocket(this.#socket!, whole);
  }

  /** Something unforeseen, on our side. */
  broken(error: unknown): void {
    this.#host.logger.error({ requestId: this.#name.requestId, err: error }, 'request path failed');
    this.#answer({ code: 'FICUS_INTERNAL', detail: 'The proxy failed.' }, true);
    this.#release(500, true);
  }

  // Step 7: observe.
  #finish(outcome: Outcome, failed: boolean): void {
    // A client that goes away is nobody's failure: guards compare what the sides do wrong.
    const durationMs = this.#count(failed && !(outcome.kind === 'failed' && outcome.side === 'client'));
    if (failed) logFailed(this.#host.logger, this.#line(durationMs), outcome);
    else if (isSampled(this.#snapshot.config.proxy.accessLog.sample)) {
      logServed(this.#host.logger, this.#line(durationMs), outcome);
    }
    if (this.#shadow && outcome.kind === 'completed') this.#sendShadow(this.#shadow, durationMs);
    this.#release(outcome.status, failed, mayGoOnMs(outcome, this.#live!.upstream.config.timeouts));
  }

  #count(failed: boolean): number {
    const durationMs = turnNow() - this.#startedAt;
    const { counters } = this.#snapshot;
    counters.count(this.#route?.matched, this.#side, this.#decision.reason, failed, durationMs);
    return durationMs;
  }

  #line(durationMs: number): AccessLine {
    return {
      requestId: this.#name.requestId,
      traceId: this.#name.traceId,
      method: this.#request.method!,
      path: this.#head.path,
      slice: this.#route?.slice.name,
      route: this.#route?.config.id,
      side: this.#side,
      reason: this.#decision.reason,
      attempts: this.#attempts,
      durationMs: Math.round(durationMs * 1000) / 1000,
    };
  }

  /** Nothing of this request is left to do, but for its copy. */
  #release(status: number, failed: boolean, writeGoesOnMs = 0): void {
    if (this.#over) return;
    this.#over = true;
    this.#endSpan(status, failed);
    this.#dropShadow('live-failed');
    if (this.#response === undefined || this.#head.eventStream) this.#host.dropEndless(this);
    this.#pins?.end(writeGoesOnMs);
    this.#host.finished(this.#snapshot);
  }

  #dropShadow(reason: string): void {
    this.#shadow?.drop(this.#route!.slice.name, reason);
    this.#shadow = undefined;
    this.responseCapture = undefined;
    this.sentFields = undefined;
  }

  #sendShadow(plan: ShadowPlan, durationMs: number): void {
    this.#shadow = undefined;
    sendShadow(plan, {
      snapshot: this.#snapshot,
      route: this.#route!,
      servedBy: this.#side,
      request: this.#request,
      head: this.#head,
      caller: this.#caller(),
      durationMs,
    });
  }
}

/** One function for all requests; the forwarder calls it as a method of the call. */
function takeHead(this: ForwardCall, head: ResponseHead): 'forward' | 'discard' {
  return (this as RequestRun).inspectResponse(head);
}
