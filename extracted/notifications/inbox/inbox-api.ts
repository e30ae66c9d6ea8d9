/** /api/notifications: the same behaviour as the monolith's routes, from this service's own tables. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';
import { idParams, problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { isShadow } from '../app/shadow.ts';
import {
  notificationListSchema,
  notificationQuery,
  notificationSchema,
  readAllSchema,
} from './notification-schemas.ts';
import {
  findNotification,
  listNotifications,
  markAllRead,
  markRead,
  type NotificationQuery,
  type Presenter,
} from './notifications.ts';

interface OneRoute {
  Params: { id: number };
}

/** `scope` is behind the identity check. */
export function inboxApi(scope: FastifyInstance, db: Database, present: Presenter): void {
  scope.get<{ Querystring: NotificationQuery }>(
    '/api/notifications',
    {
      schema: {
        tags: ['notifications'],
        summary: 'The caller’s notifications, newest first, and how many are unread',
        querystring: notificationQuery,
        response: { 200: notificationListSchema, ...problemResponse(400, 401) },
      },
    },
    (request) => listNotifications(db, request.recipientId, request.query, present),
  );

  scope.get<OneRoute>(
    '/api/notifications/:id',
    {
      schema: {
        tags: ['notifications'],
        summary: 'One notification',
        params: idParams,
        response: { 200: notificationSchema, ...problemResponse(400, 401, 404) },
      },
    },
    async (request) => {
      const found = await findNotification(db, request.recipientId, request.params.id, present);
      if (!found) throw notFound('notification');
      return found;
    },
  );

  scope.post<OneRoute>(
    '/api/notifications/:id/read',
    {
      schema: {
        tags: ['notifications'],
        summary: 'Marks it read; a second time changes nothing',
        params: idParams,
        response: { 200: notificationSchema, ...problemResponse(400, 401, 404) },
      },
    },
    async (request) => {
      const options = { dryRun: isShadow(request) };
      const marked = await markRead(db, request.recipientId, request.params.id, present, options);
      if (!marked) throw notFound('notification');
      return marked;
    },
  );

  scope.post(
    '/api/notifications/read-all',
    {
      schema: {
        tags: ['notifications'],
        summary: 'Marks all read; answers how many were not',
        response: { 200: readAllSchema, ...problemResponse(401) },
      },
    },
    async (request) => ({
      updated: await markAllRead(db, request.recipientId, { dryRun: isShadow(request) }),
    }),
  );
}
