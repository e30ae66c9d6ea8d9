/** /inbox: the notifications, with forms that mark them read. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import type { FastifyInstance } from 'fastify';
import {
  listNotifications,
  markAllRead,
  markRead,
  type Notification,
} from '../notifications/notifications.ts';
import { type Html, html } from './html.ts';
import { moment } from './layout.ts';
import { requireVisitor, seeOther, sendPage } from './page-context.ts';
import { rowId } from './request-values.ts';

const PAGE_SIZE = 25;

export function inboxPage(app: FastifyInstance, db: Database): void {
  app.get<{ Querystring: { before?: string } }>('/inbox', async (request, reply) => {
    const { before } = request.query;
    const query = { limit: PAGE_SIZE, before: before ? rowId(before, 'page') : undefined, unread: false };
    const { items, unread, next } = await listNotifications(db, requireVisitor(request).id, query);
    return sendPage(
      request,
      reply,
      'Inbox',
      html`
      <form class="row" method="post" action="/inbox/read-all"><span>${unread} unread</span>
        ${unread > 0 && html`<button class="quiet">Mark all read</button>`}</form>
      <ul class="inbox" id="inbox">${items.map(item)}</ul>
      ${next !== null && html`<p><a href="/inbox?before=${next}">Older ones</a></p>`}`,
    );
  });

  app.post<{ Params: { id: string } }>('/inbox/:id/read', async (request, reply) => {
    await markRead(db, requireVisitor(request).id, rowId(request.params.id, 'notification'));
    return seeOther(reply, '/inbox');
  });

  app.post('/inbox/read-all', async (request, reply) => {
    await markAllRead(db, requireVisitor(request).id);
    return seeOther(reply, '/inbox');
  });
}

function item(notification: Notification): Html {
  const { id, title, body, orderId, channel, read, createdAt } = notification;
  return html`<li class="card ${!read && 'unread'}">
    <div class="grow">
      <strong>${orderId === null ? title : html`<a href="/orders/${orderId}">${title}</a>`}</strong>
      <p>${body}</p>
      <span class="soft">${moment(createdAt)} · by ${channel}</span>
    </div>
    ${!read && html`<form method="post" action="/inbox/${id}/read"><button class="quiet">Mark read</button></form>`}
  </li>`;
}
