/** The server-rendered shop: pages with forms, a redirect after each POST, problems as pages. */
import formbody from '@fastify/formbody';
import type { Database } from '@ficus-sample/chassis/database.ts';
import { toProblem } from '@ficus-sample/chassis/problem.ts';
import type { FastifyInstance } from 'fastify';
import { findSession } from '../accounts/sessions.ts';
import type { NotificationsClient } from '../outbox/notifications-client.ts';
import type { RequestRelay } from '../outbox/request-relay.ts';
import { cartPage } from './cart-page.ts';
import { html } from './html.ts';
import { inboxPage } from './inbox-page.ts';
import { loginPage } from './login-page.ts';
import { notificationsScript } from './notifications-script.ts';
import { orderPages } from './order-pages.ts';
import { ownNotifications } from './own-notifications.ts';
import { LoginNeeded, seeOther, sendPage } from './page-context.ts';
import { preferencesPage } from './preferences-page.ts';
import { productPages } from './product-pages.ts';
import { style } from './style.ts';

interface PagesParts {
  readonly db: Database;
  readonly notifications: NotificationsClient;
  readonly relay: RequestRelay;
}

/** Registers all pages in a scope of their own: forms are parsed here and nowhere in the API. */
export async function pages(app: FastifyInstance, parts: PagesParts): Promise<void> {
  const { db, relay } = parts;
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, hide: true };
  });
  app.get('/', async (_request, reply) => seeOther(reply, '/products'));
  app.get('/style.css', async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').type('text/css; charset=utf-8').send(style),
  );
  app.get('/notifications.js', async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=300')
      .type('text/javascript; charset=utf-8')
      .send(notificationsScript),
  );

  await app.register(async (scope) => {
    await scope.register(formbody);
    scope.addHook('onRequest', async (request) => {
      request.visitor = (await findSession(db, request))?.customer;
    });
    scope.setErrorHandler(async (error, request, reply) => {
      if (error instanceof LoginNeeded)
        return seeOther(reply, `/login?${new URLSearchParams({ next: error.next })}`);
      const problem = toProblem(error);
      if (problem.status >= 500) request.log.error({ err: error }, 'page failed');
      reply.code(problem.status);
      return sendPage(
        request,
        reply,
        problem.body().title,
        html`<p class="message" role="alert">${problem.message}</p>`,
      );
    });
    for (const page of [loginPage, productPages, cartPage]) page(scope, db);
    orderPages(scope, db, relay);
    const notifications = ownNotifications(parts.notifications);
    for (const page of [inboxPage, preferencesPage]) page(scope, notifications);
  });
}
