/** /login and /logout. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import type { FastifyInstance } from 'fastify';
import { logIn, logOut } from '../accounts/sessions.ts';
import { type Html, html } from './html.ts';
import { localPath, seeOther, sendPage } from './page-context.ts';

const HOME = '/products';

interface LoginForm {
  email?: string;
  password?: string;
  next?: string;
}

export function loginPage(app: FastifyInstance, db: Database): void {
  app.get<{ Querystring: { next?: string } }>('/login', async (request, reply) => {
    const next = localPath(request.query.next, HOME);
    if (request.visitor) return seeOther(reply, next);
    return sendPage(request, reply, 'Log in', form({ next }));
  });

  app.post<{ Body: LoginForm | undefined }>('/login', async (request, reply) => {
    const { email = '', password = '', next } = request.body ?? {};
    if (await logIn(db, reply, { email, password })) return seeOther(reply, localPath(next, HOME));
    reply.code(401);
    return sendPage(request, reply, 'Log in', form({ next: localPath(next, HOME), email, failed: true }));
  });

  app.post('/logout', async (request, reply) => {
    await logOut(db, request, reply);
    return seeOther(reply, '/login');
  });
}

function form(facts: { next: string; email?: string; failed?: boolean }): Html {
  return html`
    ${facts.failed && html`<p class="message" role="alert">Email or password is wrong.</p>`}
    <form class="narrow" method="post" action="/login">
      <input type="hidden" name="next" value="${facts.next}">
      <label>Email <input type="email" name="email" value="${facts.email ?? ''}" required autocomplete="username"></label>
      <label>Password <input type="password" name="password" required autocomplete="current-password"></label>
      <button>Log in</button>
      <p class="soft">Sample customers: customer1@example.test and so on, password “ficus”.</p>
    </form>`;
}
