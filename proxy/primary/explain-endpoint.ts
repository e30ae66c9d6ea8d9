/**
 * `POST /explain` of the admin address. The answer shows where a user stands: who may ask is in admin-access.ts. The body
 * describes a request with its credentials. It is neither logged nor repeated.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExplainQuestion, explainQuestionSchema, FicusError, toProblem } from '@ficus/core';
import type { Logger } from 'pino';
import type { Explanation } from '../explain/explanation.ts';
import type { AdminAccess } from './admin-access.ts';

export const EXPLAIN_PATH = '/explain';

const MOST_BYTES = 131_072;

export interface ExplainFacts {
  /** @throws FicusError FICUS_PROXY_OVERLOADED */
  explain(question: ExplainQuestion): Promise<Explanation>;
  readonly logger: FailureLog;
}

/** Where failures go that an answer does not explain. */
type FailureLog = Pick<Logger, 'error'>;

/** Answers the request; never rejects. */
export async function answerExplain(
  request: IncomingMessage,
  response: ServerResponse,
  access: AdminAccess,
  { explain, logger }: ExplainFacts,
): Promise<void> {
  try {
    if (request.method !== 'POST') throw new FicusError('FICUS_USAGE', `${EXPLAIN_PATH} takes POST.`);
    await access.requireReader(request);
    const asked = readQuestion(await readBody(request));
    send(response, 200, 'application/json', await explain(asked));
  } catch (error) {
    refuse(response, error, 'The request cannot be explained.', logger);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES)
      throw new FicusError('FICUS_USAGE', `The question is longer than ${MOST_BYTES} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** Names what is wrong, and never its value. */
function readQuestion(body: string): ExplainQuestion {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    throw new FicusError('FICUS_USAGE', 'The question is not JSON.');
  }
  const { success, data, error } = explainQuestionSchema.safeParse(document);
  if (success) return data;
  const places = [...new Set(error.issues.map(({ path }) => String(path[0] ?? 'the document')))];
  throw new FicusError('FICUS_USAGE', `The question has the wrong shape: ${places.join(', ')}.`);
}

/** @param unexpected in place of an error that says more than it should: that one is logged */
export function refuse(
  response: ServerResponse,
  error: unknown,
  unexpected: string,
  logger: FailureLog,
): void {
  // Who has left in the middle of a question is no failure.
  if (response.destroyed) return;
  const isExpected = error instanceof FicusError;
  if (!isExpected) logger.error({ err: error }, 'an admin request failed');
  const { code, message } = isExpected ? error : new FicusError('FICUS_INTERNAL', unexpected);
  const problem = toProblem(code, message);
  send(response, problem.status, 'application/problem+json', problem);
}

function send(response: ServerResponse, status: number, type: string, document: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(document)}\n`);
}
