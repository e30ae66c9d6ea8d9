/** /healthz: the process answers. /readyz: it can work, that is, reach its database. */
import type { FastifyInstance } from 'fastify';
import type { Database } from './database.ts';
import { Problem } from './problem.ts';

const ok = { 200: { type: 'object', properties: { status: { type: 'string' } } } } as const;

export function healthApi(app: FastifyInstance, db: Database): void {
  app.get(
    '/healthz',
    { schema: { tags: ['internal'], summary: 'The process answers', security: [], response: ok } },
    async () => ({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    { schema: { tags: ['internal'], summary: 'The database answers', security: [], response: ok } },
    async () => {
      await db.rows('readyz', 'SELECT 1').catch((cause: unknown) => {
        throw Object.assign(new Problem(503, 'The database is unavailable. Try again in a moment.'), {
          cause,
        });
      });
      return { status: 'ok' };
    },
  );
}
