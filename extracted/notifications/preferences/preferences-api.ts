/** /api/notification-preferences: the same behaviour as the monolith's routes. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { isShadow } from '../app/shadow.ts';
import { preferencesSchema, settingsSchema } from './preference-schemas.ts';
import { findPreferences, type PreferenceSettings, savePreferences } from './preferences.ts';

/** `scope` is behind the identity check. */
export function preferencesApi(scope: FastifyInstance, db: Database): void {
  scope.get(
    '/api/notification-preferences',
    {
      schema: {
        tags: ['notifications'],
        summary: 'Which notifications the caller wants, and how',
        response: { 200: preferencesSchema, ...problemResponse(401) },
      },
    },
    (request) => findPreferences(db, request.recipientId),
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
    (request) => savePreferences(db, request.recipientId, request.body, { dryRun: isShadow(request) }),
  );
}
