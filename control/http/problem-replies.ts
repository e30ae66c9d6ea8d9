/** The one place where errors become answers: problem+json (RFC 9457) from the catalogue. */
import type { ControlProblem } from '@ficus/contract';
import { describeError, type ErrorCode, FicusError, nameSlice, toProblem } from '@ficus/core';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** For what fastify refuses before any route or hook: a URL that cannot be decoded. */
export function answerBadUrl(error: FastifyError, _request: unknown, reply: FastifyReply): void {
  sendProblem(reply, translate(error));
}

export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | FicusError, request, reply) => {
    const known = error instanceof FicusError ? error : translate(error);
    if (NOT_FORESEEN.has(known.code)) request.log.error({ err: error }, 'request failed');
    if (known.code === 'FICUS_CONTROL_TOKEN_MISSING')
      reply.header('www-authenticate', 'Bearer realm="ficus"');
    if (known.code === 'FICUS_CONTROL_TOO_MANY_BATCHES') reply.header('retry-after', '1');
    return sendProblem(reply, known, sliceOf(request));
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new FicusError(
        'FICUS_CONTROL_NOT_FOUND',
        `There is no ${request.method} ${request.url.split('?', 1)[0]}.`,
      ),
    ),
  );
}

/** The caller can do nothing about them; an operator reads the log. */
const NOT_FORESEEN: ReadonlySet<ErrorCode> = new Set(['FICUS_INTERNAL', 'FICUS_CONTROL_NOT_STORED']);

/** Of `/api/v1/slices/:name/…`. */
function sliceOf({ params }: FastifyRequest): string | undefined {
  const { name } = (params ?? {}) as { name?: string };
  return name;
}

function sendProblem(reply: FastifyReply, error: FicusError, slice?: string): FastifyReply {
  // An unforeseen error goes to the log only: its message may contain anything.
  const detail = error.code === 'FICUS_INTERNAL' ? undefined : nameSlice(error.message, slice);
  const problem: ControlProblem = {
    ...toProblem(error.code, detail),
    remedy: nameSlice(describeError(error.code).remedy, slice),
    ...pick(error.details, 'errors'),
    ...pick(error.details, 'guards'),
    ...pick(error.details, 'renewed'),
  };
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)));
}

function pick(details: FicusError['details'], name: string): Record<string, unknown> {
  return details[name] === undefined ? {} : { [name]: details[name] };
}

/** Fastify's own refusals: a body that is no JSON, too large, of a foreign type. */
function translate(error: FastifyError): FicusError {
  const refused = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return refused
    ? new FicusError('FICUS_CONTROL_REQUEST_INVALID', error.message, { cause: error })
    : new FicusError('FICUS_INTERNAL', error.message, { cause: error });
}
