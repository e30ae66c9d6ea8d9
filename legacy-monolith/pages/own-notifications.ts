/**
 * The visitor's notifications and preferences, for pages: asked of the API in the visitor's name, as a browser would, since
 * their tables may be another program's. Answers of the API that a page cannot show become problems.
 */
import { notFound, Problem } from '@ficus-sample/chassis/problem.ts';
import type { FastifyRequest } from 'fastify';
import type { NotificationList } from '../notifications/notifications.ts';
import type { PreferenceSettings, Preferences } from '../notifications/preferences.ts';
import { inTheNameOf, type NotificationsClient } from '../outbox/notifications-client.ts';
import { LoginNeeded } from './page-context.ts';

export interface OwnNotifications {
  /** The page of notifications that are older than `before`. */
  list(request: FastifyRequest, limit: number, before: number | undefined): Promise<NotificationList>;
  markRead(request: FastifyRequest, id: number): Promise<void>;
  markAllRead(request: FastifyRequest): Promise<void>;
  preferences(request: FastifyRequest): Promise<Preferences>;
  savePreferences(request: FastifyRequest, settings: PreferenceSettings): Promise<void>;
}

export function ownNotifications(client: NotificationsClient): OwnNotifications {
  const ask = async (
    request: FastifyRequest,
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    json?: PreferenceSettings,
  ): Promise<unknown> => {
    const headers = inTheNameOf(request);
    const answer = await client.call({ method, path, headers, json }).catch((cause: unknown) => {
      throw Object.assign(unavailable(), { cause });
    });
    if (answer.status === 200) return answer.body;
    // The session has ended since the page was asked for.
    if (answer.status === 401) throw new LoginNeeded('/products');
    if (answer.status === 404) throw notFound('notification');
    throw Object.assign(unavailable(), {
      cause: new Error(`${method} ${path} was answered ${answer.status}`),
    });
  };
  return {
    list: (request, limit, before) =>
      ask(
        request,
        'GET',
        `/api/notifications?limit=${limit}${before === undefined ? '' : `&before=${before}`}`,
      ) as Promise<NotificationList>,
    markRead: async (request, id) => void (await ask(request, 'POST', `/api/notifications/${id}/read`)),
    markAllRead: async (request) => void (await ask(request, 'POST', '/api/notifications/read-all')),
    preferences: (request) => ask(request, 'GET', '/api/notification-preferences') as Promise<Preferences>,
    savePreferences: async (request, settings) =>
      void (await ask(request, 'PUT', '/api/notification-preferences', settings)),
  };
}

const unavailable = () => new Problem(503, 'Notifications are unavailable. Try again in a moment.');
