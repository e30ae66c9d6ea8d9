/** The hook in front of API routes for logged-in customers: 401 before anything else of the request is read. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { unauthorized } from '@ficus-sample/chassis/problem.ts';
import type { FastifyInstance } from 'fastify';
import { type Customer, findSession } from './sessions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `authenticate`; only routes behind it may read it. */
    customer: Customer;
  }
}

/** Puts all routes of this scope behind the session cookie. */
export function authenticate(scope: FastifyInstance, db: Database): void {
  scope.addHook('onRequest', async (request, reply) => {
    const session = await findSession(db, request);
    if (!session) throw unauthorized();
    request.customer = session.customer;
    reply.header('cache-control', 'private, no-store');
  });
}
