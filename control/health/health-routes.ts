/** Probes, metrics and the API's OpenAPI document. */
import { KEY_SET_PATH, processMetricsText, publishedKeys } from '@ficus/proxy';
import type { FastifyInstance } from 'fastify';
import type { SliceParts } from '../views/build-slice-view.ts';
import { metricsText } from './metrics-text.ts';
import type { ReadinessProbe } from './readiness.ts';

export function registerHealthRoutes(
  app: FastifyInstance,
  parts: SliceParts,
  probe: ReadinessProbe,
  openApi: object,
): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', async (request, reply) => {
    const readiness = await probe.check(Date.now(), request.caller.may('read'));
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  app.get('/metrics', { config: { role: 'read' } }, (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(metricsText(parts) + processMetricsText('ficus-control')),
  );
  app.get('/openapi.json', () => openApi);
  app.get(KEY_SET_PATH, (_request, reply) =>
    reply.type('application/jwk-set+json').send(JSON.stringify(publishedKeys(parts.config))),
  );
}
