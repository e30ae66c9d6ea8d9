/**
 * Step 6, respond, for requests that no upstream answers: refused, abandoned, or answered by the proxy itself. Each
 * function answers the client, and reports and releases the request.
 */
import { toProblem } from '@ficus/core';
import type { Refusal } from '../accept/inspect-head.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { answerOptions } from '../respond/answer-options.ts';
import {
  answerProblem,
  answerProblemOnSocket,
  type ProblemAnswer,
  type RenderPage,
} from '../respond/answer-problem.ts';
import { prefersHtml } from '../respond/error-page.ts';
import { refusalCode } from '../respond/refusal-code.ts';
import { countRequest, release, requestLine } from './request-report.ts';
import type { RequestState } from './request-state.ts';

/** @param close when the rest of the request was not read and nothing may follow it */
export function answerClient(state: RequestState, answer: ProblemAnswer, close: boolean): void {
  state.ownStatus = answer.status ?? toProblem(answer.code).status;
  const whole = { ...answer, headers: answer.headers ?? state.responseHeaders };
  if (state.response) answerProblem(state.response, whole, close, pageFor(state));
  else answerProblemOnSocket(state.upgrade!.socket, whole);
}

/** For a browser that asks for a page. */
function pageFor({ request, snapshot, name }: RequestState): RenderPage | undefined {
  const { rawHeaders } = request;
  const at = rawHeaders.findIndex((field, index) => index % 2 === 0 && field.toLowerCase() === 'accept');
  if (at === -1 || !prefersHtml(rawHeaders[at + 1])) return undefined;
  return (problem) => snapshot.errorPage.render(problem, name.requestId);
}

/** A request that is not served here. */
export function refuse(state: RequestState, { status, reason, detail, headers }: Refusal): void {
  const { host, snapshot, name } = state;
  snapshot.counters.add(`ficus_refused_total{reason="${reason}"}`);
  host.logger.warn({ requestId: name.requestId, status, reason }, 'request refused');
  answerClient(state, { code: refusalCode(status), status, detail, headers }, true);
  release(state, status);
}

/** A valid request that is not sent anywhere, or not once more, for lack of room or an open breaker. */
export function giveUp(state: RequestState, answer: ProblemAnswer): void {
  countRequest(state, true);
  turnBack(state, answer);
}

/** The same for an undecided request: it counts for no side. */
export function turnBack(state: RequestState, answer: ProblemAnswer): void {
  state.snapshot.counters.add(`ficus_refused_total{reason="${answer.code}"}`);
  answerClient(state, answer, state.head.hasBody);
  const durationMs = turnNow() - state.startedAt;
  state.host.logger.warn({ ...requestLine(state, durationMs), code: answer.code }, answer.detail);
  release(state, 0, answer.code);
}

/** A write whose client has left before it was decided. */
export function endAbandoned(state: RequestState): void {
  const durationMs = turnNow() - state.startedAt;
  state.host.logger.info(requestLine(state, durationMs), 'client disconnected while its write was held');
  release(state, 0, 'cancelled');
}

/** OPTIONS whose Max-Forwards ends here. */
export function endOptions(state: RequestState): void {
  state.snapshot.counters.add('ficus_max_forwards_total');
  answerOptions(state.response!);
  release(state, 200);
}

/** A fault of the proxy itself. */
export function failUnforeseen(state: RequestState, error: unknown): void {
  state.host.logger.error({ requestId: state.name.requestId, err: error }, 'request path failed');
  answerClient(state, { code: 'FICUS_INTERNAL', detail: 'The proxy failed to handle the request.' }, true);
  release(state, 500, 'FICUS_INTERNAL');
}
