/** The hook in front of all of the service's business routes: 401 before anything else of the request is read. */

import { unauthorized } from '@ficus-sample/chassis/problem.ts';
import type { FastifyInstance } from 'fastify';
import { IDENTITY_HEADER, type VerifyIdentity } from './verify-identity.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `requireIdentity`; only routes behind it may read it. */
    recipientId: number;
  }
}

export function requireIdentity(scope: FastifyInstance, verify: VerifyIdentity): void {
  scope.addHook('onRequest', async (request, reply) => {
    const identity = await verify(request.headers[IDENTITY_HEADER]);
    if (!identity.valid) {
      request.log.debug({ reason: identity.reason }, 'identity refused');
      throw unauthorized();
    }
    request.recipientId = identity.userId;
    reply.header('cache-control', 'private, no-store');
  });
}
