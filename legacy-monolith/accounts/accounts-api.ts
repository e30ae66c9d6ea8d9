/** Login, logout, who am I: for people through /api, for the proxy through /internal/whoami. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { Problem } from '@ficus-sample/chassis/problem.ts';
import { problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { authenticate } from './authenticate.ts';
import { findSession, logIn, logOut } from './sessions.ts';

const customerSchema = {
  type: 'object',
  required: ['id', 'email', 'name'],
  properties: { id: { type: 'integer' }, email: { type: 'string' }, name: { type: 'string' } },
} as const;

const credentialsSchema = {
  type: 'object',
  required: ['email', 'password'],
  properties: { email: { type: 'string', maxLength: 254 }, password: { type: 'string', maxLength: 200 } },
} as const;

const whoamiSchema = {
  type: 'object',
  required: ['user'],
  properties: {
    user: { type: ['string', 'null'] },
    session: { type: 'string' },
    tenant: { type: 'null' },
  },
} as const;

export function accountsApi(app: FastifyInstance, db: Database): void {
  app.post<{ Body: { email: string; password: string } }>(
    '/api/login',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Opens a session; its id comes back as the cookie sid',
        security: [],
        body: credentialsSchema,
        response: { 200: customerSchema, ...problemResponse(400, 401) },
      },
    },
    async (request, reply) => {
      const customer = await logIn(db, reply, request.body);
      if (!customer) throw new Problem(401, 'Email or password is wrong.');
      return customer;
    },
  );

  app.post(
    '/api/logout',
    {
      schema: {
        tags: ['accounts'],
        summary: 'Closes the session',
        security: [],
        response: { 204: { type: 'null', description: 'Closed' } },
      },
    },
    async (request, reply) => {
      await logOut(db, request, reply);
      return reply.code(204).send();
    },
  );

  app.get(
    '/internal/whoami',
    {
      schema: {
        tags: ['internal'],
        summary:
          'The user behind the cookie sid, for a proxy in front; 200 with user null when there is none',
        security: [],
        response: { 200: whoamiSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const session = await findSession(db, request);
      return session
        ? { user: String(session.customer.id), session: session.id, tenant: null }
        : { user: null };
    },
  );

  app.register(async (scope) => {
    authenticate(scope, db);
    scope.get(
      '/api/me',
      {
        schema: {
          tags: ['accounts'],
          summary: 'The customer who is logged in',
          response: { 200: customerSchema, ...problemResponse(401) },
        },
      },
      async (request) => request.customer,
    );
  });
}
