/** Serves the dashboard's files. They hold no data: the page reads it from the admin API, with the token. */
import { DASHBOARD_FILES, DASHBOARD_HEADERS } from '@ficus/dashboard';
import type { FastifyInstance } from 'fastify';

export function registerDashboardRoutes(app: FastifyInstance): void {
  for (const { path, mediaType, read } of DASHBOARD_FILES) {
    const content = read();
    app.get(path, (_request, reply) => reply.type(mediaType).headers(DASHBOARD_HEADERS).send(content));
  }
}
