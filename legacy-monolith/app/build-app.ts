/** Puts the shop together: one Fastify instance with all business modules around one database. */
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { accountsApi } from '../accounts/accounts-api.ts';
import { cartApi } from '../cart/cart-api.ts';
import { catalogApi } from '../catalog/catalog-api.ts';
import type { Database } from '../database/database.ts';
import { healthApi } from '../health/health-api.ts';
import { notificationsApi } from '../notifications/notifications-api.ts';
import type { OrderEvents } from '../orders/order-events.ts';
import { orderStream } from '../orders/order-stream.ts';
import { ordersApi } from '../orders/orders-api.ts';
import { answerNotFound } from '../pages/not-found-page.ts';
import { pages } from '../pages/pages.ts';
import { RequestLog, requestIdOf } from '../telemetry/request-log.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { handleError } from './problem.ts';

export interface AppParts {
  readonly db: Database;
  readonly events: OrderEvents;
  readonly log: FastifyBaseLogger;
  readonly tracing: Tracing;
  readonly version: string;
}

export async function buildApp({ db, events, log, tracing, version }: AppParts): Promise<FastifyInstance> {
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
  app.decorateRequest('customer');
  app.decorateRequest('visitor');
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(answerNotFound(db));
  tracing.instrument(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });

  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Shop',
        version,
        description: 'The sample monolith: one program, one database, all of a shop.',
      },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'sid' } } },
      security: [{ session: [] }],
    },
  });
  app.register(async (scope) => {
    accountsApi(scope, db);
    catalogApi(scope, db);
    cartApi(scope, db);
    ordersApi(scope, db);
    orderStream(scope, db, events);
    notificationsApi(scope, db);
    healthApi(scope, db);
    scope.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  app.register((scope) => pages(scope, db), { prefix: '' });
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
