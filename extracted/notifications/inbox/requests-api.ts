/** /internal/notifications: by this, other programs make notifications. The same behaviour as the monolith's route. */
import type { Database } from '@ficus-sample/chassis/database.ts';
import { requireInternalToken } from '@ficus-sample/chassis/internal-token.ts';
import { problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { isShadow } from '../app/shadow.ts';
import { requestsSchema, takenSchema } from './request-schemas.ts';
import { type NotificationRequest, takeRequests } from './take-requests.ts';

/** @param token of the programs that may ask; without one, none may */
export function requestsApi(app: FastifyInstance, db: Database, token: string | undefined): void {
  app.register(async (scope) => {
    requireInternalToken(scope, token);
    scope.post<{ Body: { requests: readonly NotificationRequest[] } }>(
      '/internal/notifications',
      {
        schema: {
          tags: ['internal'],
          summary: 'Makes the notifications that are asked for; a request that comes again changes nothing',
          security: [],
          body: requestsSchema,
          response: { 200: takenSchema, ...problemResponse(400, 401) },
        },
      },
      async (request) => {
        const { requests } = request.body;
        if (!isShadow(request)) await takeRequests(db, requests);
        return { taken: requests.length };
      },
    );
  });
}
