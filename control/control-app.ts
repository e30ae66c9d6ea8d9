/** The one listener: admin API, link, flags, probes, dashboard. */
import { randomUUID } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { adminEndpoints } from './api/admin-endpoints.ts';
import { registerDashboardRoutes } from './api/dashboard-routes.ts';
import type { ControlParts } from './control-parts.ts';
import { registerUnleashRoutes } from './flags/unleash-routes.ts';
import { registerHealthRoutes } from './health/health-routes.ts';
import { PROBES } from './health/probes.ts';
import { ReadinessProbe } from './health/readiness.ts';
import type { Access } from './http/access.ts';
import { registerEndpoints } from './http/endpoint.ts';
import { buildOpenApi } from './http/openapi.ts';
import { answerBadUrl, answerWithProblems } from './http/problem-replies.ts';
import type { SecureListener } from './http/secure-listener.ts';
import { registerLinkRoutes } from './link/link-routes.ts';

/** @param secure for a listener that speaks HTTPS */
export function makeApp(
  parts: ControlParts,
  access: Access,
  logger: Logger,
  secure?: SecureListener,
): FastifyInstance {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    requestIdHeader: 'x-request-id',
    genReqId: () => randomUUID(),
    forceCloseConnections: true,
    requestTimeout: 60_000,
    frameworkErrors: answerBadUrl,
    ...(secure && { https: secure.options }),
  }) as unknown as FastifyInstance;
  secure?.watch(app.server as unknown as HttpsServer);
  acceptEmptyJson(app);
  answerWithProblems(app);
  access.guard(app);
  const endpoints = adminEndpoints(parts);
  registerEndpoints(app, endpoints);
  if (parts.builtin) registerUnleashRoutes(app, parts.builtin, parts.streams);
  registerLinkRoutes(app, parts);
  registerHealthRoutes(
    app,
    parts,
    new ReadinessProbe(parts.store, parts.replications, parts.sourceWatch, parts.coordinator),
    buildOpenApi(endpoints, PROBES),
    () => secure?.metrics() ?? '',
  );
  registerDashboardRoutes(app);
  return app;
}

/** Accepts only JSON, so that no web page can send a body without a preflight; an empty body counts as no body. */
function acceptEmptyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parse(request, body as string, done);
  });
}
