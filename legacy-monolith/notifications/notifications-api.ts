/** /api/notifications and /api/notification-preferences. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';
import { idParams, problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { authenticate } from '../accounts/authenticate.ts';
import {
  notificationListSchema,
  notificationQuery,
  notificationSchema,
  preferencesSchema,
  readAllSchema,
  settingsSchema,
} from './notification-schemas.ts';
import {
  findNotification,
  listNotifications,
  markAllRead,
  markRead,
  type NotificationQuery,
} from './notifications.ts';
import { findPreferences, type PreferenceSettings, savePreferences } from './preferences.ts';

interface OneRoute {
  Params: { id: number };
}

export function notificationsApi(app: FastifyInstance, db: Database): void {
  app.register(async (scope) => {
    authenticate(scope, db);

    scope.get<{ Querystring: NotificationQuery }>(
      '/api/notifications',
      {
        schema: {
          tags: ['notifications'],
          summary: 'The customer’s notifications, newest first, and how many are unread',
          querystring: notificationQuery,
          response: { 200: notificationListSchema, ...problemResponse(400, 401) },
        },
      },
      (request) => listNotifications(db, request.customer.id, request.query),
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
        const found = await findNotification(db, request.customer.id, request.params.id);
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
        const marked = await markRead(db, request.customer.id, request.params.id);
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
      async (request) => ({ updated: await markAllRead(db, request.customer.id) }),
    );

    scope.get(
      '/api/notification-preferences',
      {
        schema: {
          tags: ['notifications'],
          summary: 'Which notifications the customer wants, and how',
          response: { 200: preferencesSchema, ...problemResponse(401) },
        },
      },
      (request) => findPreferences(db, request.customer.id),
    );

    scope.put<{ Body: PreferenceSettings }>(
      '/api/notification-preferences',
      {
        schema: {
          tags: ['notifications'],
          summary: 'Sets them, all at once',
          body: settingsSchema,
          response: { 200: preferencesSchema, ...problemResponse(400, 401) },
        },
      },
      (request) => savePreferences(db, request.customer.id, request.body),
    );
  });
}
