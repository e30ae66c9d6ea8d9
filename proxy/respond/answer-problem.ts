/**
 * Step 6, respond, when the proxy itself answers: problem+json (RFC 9457), or a page for people, on a response; or on the
 * bare socket of a connection whose request could not be read or asked for an upgrade.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, type Problem, toProblem } from '@ficus/core';
import { httpDate } from '../wire/http-date.ts';

export interface ProblemAnswer {
  readonly code: ErrorCode;
  /** When it differs from the code's own. */
  readonly status?: number;
  /** Must be safe to publish. */
  readonly detail: string;
  readonly retryAfterSeconds?: number;
  /** Flat list of further fields. */
  readonly headers?: readonly string[] | undefined;
}

/** Makes a page of a problem. */
export type RenderPage = (problem: Problem) => string;

interface Document {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function document({ code, status, detail }: ProblemAnswer, render?: RenderPage): Document {
  const given = toProblem(code, detail);
  const problem = { ...given, status: status ?? given.status };
  return render
    ? { status: problem.status, type: 'text/html; charset=utf-8', body: render(problem) }
    : { status: problem.status, type: 'application/problem+json', body: JSON.stringify(problem) };
}

/**
 * @param close when the rest of the request was not read and nothing may follow it
 * @param render for a client that prefers a page
 */
export function answerProblem(
  response: ServerResponse,
  answer: ProblemAnswer,
  close: boolean,
  render?: RenderPage,
): void {
  if (response.headersSent || response.destroyed) return;
  const { status, type, body } = document(answer, render);
  const headers = ['content-type', type, 'vary', 'accept', 'content-length', String(Buffer.byteLength(body))];
  if (answer.retryAfterSeconds) headers.push('retry-after', String(answer.retryAfterSeconds));
  if (close) headers.push('connection', 'close');
  if (answer.headers) headers.push(...answer.headers);
  response.writeHead(status, headers);
  response.end(body);
}

/** Writes the answer and ends the connection. */
export function answerProblemOnSocket(socket: Duplex, answer: ProblemAnswer): void {
  if (socket.destroyed || !socket.writable) return;
  const { status, body } = document(answer);
  const extra = answer.headers ?? [];
  let fields = answer.retryAfterSeconds ? `retry-after: ${answer.retryAfterSeconds}\r\n` : '';
  for (let index = 0; index < extra.length; index += 2) fields += `${extra[index]}: ${extra[index + 1]}\r\n`;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ndate: ${httpDate()}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n${fields}\r\n${body}`,
  );
}
