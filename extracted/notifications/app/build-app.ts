/** Puts the service together: one Fastify instance around its own database. */
import swagger from '@fastify/swagger';
import type { Database } from '@ficus-sample/chassis/database.ts';
import { healthApi } from '@ficus-sample/chassis/health-api.ts';
import { type AppBase, makeApp } from '@ficus-sample/chassis/make-app.ts';
import { handleNotFound } from '@ficus-sample/chassis/problem.ts';
import type { FastifyInstance } from 'fastify';
import { requireIdentity } from '../identity/require-identity.ts';
import { IDENTITY_HEADER, type VerifyIdentity } from '../identity/verify-identity.ts';
import { inboxApi } from '../inbox/inbox-api.ts';
import type { Presenter } from '../inbox/notifications.ts';
import { requestsApi } from '../inbox/requests-api.ts';
import { preferencesApi } from '../preferences/preferences-api.ts';

export interface AppParts extends AppBase {
  readonly db: Database;
  readonly verify: VerifyIdentity;
  readonly present: Presenter;
  readonly internalToken: string | undefined;
  readonly version: string;
}

export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { db, verify, present, internalToken, log, tracing, version } = parts;
  const app = makeApp({ log, tracing });
  app.decorateRequest('recipientId', 0);
  app.setNotFoundHandler(handleNotFound);

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Notifications',
        version,
        description: 'Notifications of customers, and their preferences.',
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
  requestsApi(app, db, internalToken);
  app.register(async (scope) => {
    healthApi(scope, db);
    scope.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  return app;
}
