/** The Fastify instance of every program of the sample: log, request id, tracing, problems, and a quick close. */
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { handleError } from './problem.ts';
import { RequestLog, requestIdOf } from './telemetry/request-log.ts';
import type { Tracing } from './telemetry/tracing.ts';

export interface AppBase {
  readonly log: FastifyBaseLogger;
  readonly tracing: Tracing;
}

export function makeApp({ log, tracing }: AppBase): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    logController: new RequestLog(),
    genReqId: requestIdOf,
    childLoggerFactory: (logger, bindings, options, request) =>
      logger.child({ ...bindings, traceId: tracing.begin(request) }, options),
    ajv: { customOptions: { removeAdditional: false } },
    return503OnClosing: false,
  });
  endConnectionsOnClose(app);
  app.setErrorHandler(handleError);
  tracing.instrument(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  return app;
}

/** While closing, each answer ends its connection: one that was kept alive would delay the end for a minute. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}
