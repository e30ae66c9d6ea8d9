/**
 * The one error model of the API: RFC 9457 problem+json. Handlers throw a Problem; anything else thrown is converted
 * here, and only here.
 */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

interface ProblemBody {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly InvalidField[];
}

/** One part of a request that does not fit its schema. */
interface InvalidField {
  readonly in: string;
  readonly path: string;
  readonly message: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly errors: readonly InvalidField[] | undefined;

  constructor(status: number, detail: string, errors?: readonly InvalidField[]) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }

  body(): ProblemBody {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
    };
  }
}

export const unauthorized = () => new Problem(401, 'Log in first.');
export const notFound = (what: string) => new Problem(404, `There is no such ${what}.`);

/** The problem behind anything that a handler, a schema or the database threw. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { validation, validationContext, statusCode, message } = error as FastifyError;
  if (validation) {
    const errors = validation.map((entry) => ({
      in: validationContext ?? 'request',
      path: entry.instancePath || '/',
      message: entry.message ?? 'is invalid',
    }));
    return new Problem(400, 'The request does not fit its schema.', errors);
  }
  if (statusCode && statusCode >= 400 && statusCode < 500) return new Problem(statusCode, message);
  if (isDatabaseAway(error)) return new Problem(503, 'The database is unavailable. Try again in a moment.');
  return new Problem(500, 'Something went wrong here. The log has it under the request id.');
}

export function sendProblem(problem: Problem, reply: FastifyReply): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', '1');
  return reply
    .code(problem.status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem.body()));
}

/** Fastify's error handler for the API. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error);
  if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
  return sendProblem(problem, reply);
}

/** Fastify's answer for paths without a route. */
export function handleNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(new Problem(404, `Nothing answers ${request.method} here.`), reply);
}

/** Connection trouble and shutdown of the server: not a fault of the request. */
function isDatabaseAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|08|57P0|53300)/.test(code ?? '') ||
    /timeout exceeded when trying to connect|Connection terminated/.test(message ?? '')
  );
}
