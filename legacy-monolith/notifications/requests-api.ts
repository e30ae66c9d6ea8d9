/** /internal/notifications: by this, and by nothing else, other parts of the shop make notifications. */
import type { Database } from '@ficus-sample/chassis/database.ts';
import { requireInternalToken } from '@ficus-sample/chassis/internal-token.ts';
import { problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { requestsSchema, takenSchema } from './request-schemas.ts';
import { type NotificationRequest, takeRequests } from './take-requests.ts';

/** @param token of the shop's own programs */
export function requestsApi(app: FastifyInstance, db: Database, token: string): void {
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
        await takeRequests(db, requests);
        return { taken: requests.length };
      },
    );
  });
}
