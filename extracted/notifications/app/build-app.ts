/** Puts the service together: one Fastify instance around its own database. */
import swagger from '@fastify/swagger';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Database } from '../database/database.ts';
import { healthApi } from '../health/health-api.ts';
import { requireIdentity } from '../identity/require-identity.ts';
import { IDENTITY_HEADER, type VerifyIdentity } from '../identity/verify-identity.ts';
import { inboxApi } from '../inbox/inbox-api.ts';
import type { Presenter } from '../inbox/notifications.ts';
import { preferencesApi } from '../preferences/preferences-api.ts';
import { RequestLog, requestIdOf } from '../telemetry/request-log.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { handleError, handleNotFound } from './problem.ts';

export interface AppParts {
  readonly db: Database;
  readonly verify: VerifyIdentity;
  readonly present: Presenter;
  readonly log: FastifyBaseLogger;
  readonly tracing: Tracing;
  readonly version: string;
}

export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { db, verify, present, log, tracing, version } = parts;
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
  app.decorateRequest('recipientId', 0);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleNotFound);
  tracing.instrument(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Notifications',
        version,
        description: 'What customers are told, and how they want to be told.',
      },
      components: { securitySchemes: { identity: { type: 'apiKey', in: 'header', name: IDENTITY_HEADER } } },
      security: [{ identity: [] }],
    },
  });
  app.register(async (scope) => {
    requireIdentity(scope, verify);
    inboxApi(scope, db, present);
    preferencesApi(scope, db);
  });
  app.register(async (scope) => {
    healthApi(scope, db);
    scope.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  return app;
}

/** While closing, each answer ends its connection: one that was kept alive would hold up the end for a minute. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}
