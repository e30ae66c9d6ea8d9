/** Puts the shop together: one Fastify instance with all business modules around one database. */
import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import type { Database } from '@ficus-sample/chassis/database.ts';
import { healthApi } from '@ficus-sample/chassis/health-api.ts';
import { type AppBase, makeApp } from '@ficus-sample/chassis/make-app.ts';
import type { FastifyInstance } from 'fastify';
import { accountsApi } from '../accounts/accounts-api.ts';
import { cartApi } from '../cart/cart-api.ts';
import { catalogApi } from '../catalog/catalog-api.ts';
import { notificationsApi } from '../notifications/notifications-api.ts';
import { requestsApi } from '../notifications/requests-api.ts';
import type { OrderEvents } from '../orders/order-events.ts';
import { orderStream } from '../orders/order-stream.ts';
import { ordersApi } from '../orders/orders-api.ts';
import type { NotificationsClient } from '../outbox/notifications-client.ts';
import type { RequestRelay } from '../outbox/request-relay.ts';
import { answerNotFound } from '../pages/not-found-page.ts';
import { pages } from '../pages/pages.ts';

export interface AppParts extends AppBase {
  readonly db: Database;
  readonly events: OrderEvents;
  readonly notifications: NotificationsClient;
  readonly relay: RequestRelay;
  /** Of the shop's own programs. */
  readonly internalToken: string;
  readonly version: string;
}

export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { db, events, notifications, relay, internalToken, log, tracing, version } = parts;
  const app = makeApp({ log, tracing });
  app.decorateRequest('customer');
  app.decorateRequest('visitor');
  app.setNotFoundHandler(answerNotFound(db));

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
    ordersApi(scope, db, relay);
    orderStream(scope, db, events);
    notificationsApi(scope, db);
    requestsApi(scope, db, internalToken);
    healthApi(scope, db);
    scope.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  app.register((scope) => pages(scope, { db, notifications, relay }), { prefix: '' });
  return app;
}
