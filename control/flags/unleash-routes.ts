/**
 * Unleash's client API for the built-in flags, as `unleash-client` 6 uses it: polling with ETag, and streaming
 * (`unleash-connected` with everything, `unleash-updated` with what changed). Registrations and metrics are
 * accepted and dropped: the proxies report their traffic to the control plane themselves.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type EventStreams, sendEvent } from '../http/event-streams.ts';
import type { BuiltinFlagStore } from './builtin-flag-store.ts';

const FOR_FLAGS = { config: { role: 'flags' } } as const;

export function registerUnleashRoutes(
  app: FastifyInstance,
  flags: BuiltinFlagStore,
  streams: EventStreams,
): void {
  app.get('/unleash/api/client/features', FOR_FLAGS, (request, reply) => {
    const body = JSON.stringify(flags.features());
    const etag = `"${createHash('sha1').update(body).digest('base64url')}"`;
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type('application/json').send(body);
  });

  app.get('/unleash/api/client/streaming', FOR_FLAGS, (request, reply) => {
    reply.hijack();
    const unsubscribe = flags.subscribe((slice, kind) => {
      const { version } = flags;
      const event = { type: 'feature-updated', eventId: version, feature: flags.feature(slice, kind) };
      sendEvent(reply.raw, 'unleash-updated', { events: [event] }, String(version));
    });
    streams.add(reply.raw, request.caller, unsubscribe);
    // Sends everything, whatever event the client names as its last: it is small, and nothing can be missed.
    const { features } = flags.features();
    sendEvent(
      reply.raw,
      'unleash-connected',
      { events: [{ type: 'hydration', eventId: flags.version, features, segments: [] }] },
      String(flags.version),
    );
  });

  app.post('/unleash/api/client/register', FOR_FLAGS, (_request, reply) => reply.code(202).send());
  app.post('/unleash/api/client/metrics', FOR_FLAGS, (_request, reply) => reply.code(202).send());
}

function namesTag(header: string | undefined, etag: string): boolean {
  if (!header) return false;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
}
