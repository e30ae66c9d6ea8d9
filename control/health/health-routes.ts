/** Probes, metrics and the API's OpenAPI document. */

import { describeRefusal, type RunningConfigView } from '@ficus/core';
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
  furtherMetrics: () => string = () => '',
): void {
  app.get('/healthz', () => ({ status: 'ok', now: new Date().toISOString() }));
  app.get('/readyz', async (request, reply) => {
    const mayRead = request.caller.may('read');
    const readiness = await probe.check(Date.now(), mayRead);
    // A refused config stops nothing: the older one serves, and a restart would not.
    const config = describeConfig(parts.runningConfig.view, mayRead);
    return reply.code(readiness.ready ? 200 : 503).send({ ...readiness, config });
  });
  app.get('/metrics', { config: { role: 'read' } }, (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(metricsText(parts) + processMetricsText('ficus-control') + furtherMetrics()),
  );
  app.get('/openapi.json', () => openApi);
  app.get(KEY_SET_PATH, (_request, reply) =>
    reply.type('application/jwk-set+json').send(JSON.stringify(publishedKeys(parts.config))),
  );
}

function describeConfig({ refused }: RunningConfigView, mayRead: boolean): string {
  if (refused === null) return 'ok';
  if (mayRead) return describeRefusal(refused);
  return refused.needsRestart ? 'needs-restart' : 'FICUS_CONFIG_INVALID';
}
