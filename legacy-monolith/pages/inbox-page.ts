/** /inbox: the notifications, with forms that mark them read. */

import type { FastifyInstance } from 'fastify';
import type { Notification } from '../notifications/notifications.ts';
import { type Html, html } from './html.ts';
import { moment } from './layout.ts';
import type { OwnNotifications } from './own-notifications.ts';
import { requireVisitor, seeOther, sendPage } from './page-context.ts';
import { rowId } from './request-values.ts';

const PAGE_SIZE = 25;

export function inboxPage(app: FastifyInstance, notifications: OwnNotifications): void {
  app.get<{ Querystring: { before?: string } }>('/inbox', async (request, reply) => {
    requireVisitor(request);
    const { before } = request.query;
    const olderThan = before ? rowId(before, 'page') : undefined;
    const { items, unread, next } = await notifications.list(request, PAGE_SIZE, olderThan);
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
    requireVisitor(request);
    await notifications.markRead(request, rowId(request.params.id, 'notification'));
    return seeOther(reply, '/inbox');
  });

  app.post('/inbox/read-all', async (request, reply) => {
    requireVisitor(request);
    await notifications.markAllRead(request);
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
