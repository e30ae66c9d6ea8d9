/**
 * `POST /explain` of the admin address. The answer shows where a user stands, so it has a lock that the other endpoints
 * of this address do not have: where the config has tokens of the control plane, their holders with the role `read`, from
 * anywhere; without any, programs of this machine, and no page in a browser on it.
 *
 * The body describes a request with its credentials. It is neither logged nor repeated.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ControlConfig,
  type ErrorCode,
  type ExplainQuestion,
  explainQuestionSchema,
  FicusError,
  hasRole,
  isLoopback,
  toProblem,
} from '@ficus/core';
import { peerAddress } from '../accept/client-address.ts';
import type { Explanation } from '../explain/explanation.ts';

export const EXPLAIN_PATH = '/explain';

const MOST_BYTES = 131_072;

export interface ExplainFacts {
  control(): Pick<ControlConfig, 'token' | 'tokens'> | undefined;
  /** @throws FicusError FICUS_PROXY_OVERLOADED */
  explain(question: ExplainQuestion): Promise<Explanation>;
}

/** Answers the request; never rejects. */
export async function answerExplain(
  request: IncomingMessage,
  response: ServerResponse,
  { control, explain }: ExplainFacts,
): Promise<void> {
  try {
    requireAccess(request, control());
    const asked = readQuestion(await readBody(request));
    send(response, 200, 'application/json', await explain(asked));
  } catch (error) {
    const { code, message } =
      error instanceof FicusError
        ? error
        : new FicusError('FICUS_INTERNAL', 'The request cannot be explained.');
    refuse(response, code, message);
  }
}

function requireAccess(
  request: IncomingMessage,
  control: Pick<ControlConfig, 'token' | 'tokens'> | undefined,
): void {
  if (request.method !== 'POST') throw new FicusError('FICUS_USAGE', `${EXPLAIN_PATH} takes POST.`);
  const { token, tokens = [] } = control ?? {};
  if (token === undefined && tokens.length === 0) {
    if (!isLocalProgram(request))
      throw new FicusError(
        'FICUS_PROXY_NOT_EXPLAINED',
        'Without a token of the control plane only programs of this machine may ask.',
      );
    return;
  }
  const { authorization } = request.headers;
  if (authorization === undefined)
    throw new FicusError('FICUS_CONTROL_TOKEN_MISSING', 'The request has no Authorization header.');
  const given = authorization.replace(/^Bearer\s+/i, '');
  const known = [{ token: token ?? '', roles: ['admin' as const] }, ...tokens].filter(
    (one) => one.token !== '' && isSame(one.token, given),
  );
  if (known.length === 0)
    throw new FicusError('FICUS_PROXY_NOT_EXPLAINED', 'The proxy does not know this token.');
  if (!known.some(({ roles }) => hasRole(roles, 'read')))
    throw new FicusError('FICUS_CONTROL_ROLE_MISSING', 'This needs a token with the role read.');
}

/** A page in a browser sends an Origin, or says that it is one; a name that is not loopback may have been rebound. */
function isLocalProgram({ headers, socket }: IncomingMessage): boolean {
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host)?.[1] ?? '';
  return origin === undefined && site === undefined && isLoopback(name) && isLoopback(peerAddress(socket));
}

const isSame = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

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

function refuse(response: ServerResponse, code: ErrorCode, detail: string): void {
  const problem = toProblem(code, detail);
  send(response, problem.status, 'application/problem+json', problem);
}

function send(response: ServerResponse, status: number, type: string, document: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(document)}\n`);
}
