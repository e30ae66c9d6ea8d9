/**
 * OpenTelemetry spans over OTLP/HTTP: one server span for each request, one client span for each statement.
 * The exporter reads endpoint, headers and the like from the standard environment variables by itself.
 * Loaded by tracing.ts alone, and only when a destination is configured.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { parseTraceparent } from './trace-context.ts';
import type { Tracing } from './tracing.ts';

const SHUTDOWN_MS = 3000;

export function startOtlpTracing(service: string, version: string): Tracing {
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    ),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 1000 }),
    ],
  });
  const tracer = provider.getTracer(service, version);
  const active = new AsyncLocalStorage<Context>();
  const serverSpans = new WeakMap<IncomingMessage, Span>();

  return {
    begin: (request) => {
      const caller = parseTraceparent(request.headers.traceparent);
      const parent = caller
        ? trace.setSpanContext(ROOT_CONTEXT, { ...caller, isRemote: true })
        : ROOT_CONTEXT;
      const span = tracer.startSpan(
        request.method ?? 'GET',
        {
          kind: SpanKind.SERVER,
          attributes: {
            'http.request.method': request.method ?? 'GET',
            'url.path': (request.url ?? '/').split('?', 1)[0] ?? '/',
          },
        },
        parent,
      );
      serverSpans.set(request, span);
      return span.spanContext().traceId;
    },

    instrument: (app) => {
      app.addHook('onRequest', (request, _reply, done) => {
        const span = serverSpans.get(request.raw);
        if (!span) return done();
        const route = request.routeOptions.url;
        if (route) span.updateName(`${request.method} ${route}`).setAttribute('http.route', route);
        active.run(trace.setSpan(ROOT_CONTEXT, span), done);
      });
      app.addHook('onResponse', async (request, reply) => {
        const span = serverSpans.get(request.raw);
        span?.setAttribute('http.response.status_code', reply.statusCode);
        if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
        span?.end();
      });
    },

    wrapStatement: async (name, text, run) => {
      const parent = active.getStore();
      if (!parent) return run();
      const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': name, 'db.query.text': text };
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
      try {
        return await run();
      } catch (error) {
        span.setStatus({
          code: SpanStatusCode.ERROR,
          message: error instanceof Error ? error.message : String(error),
        });
        throw error;
      } finally {
        span.end();
      }
    },

    shutdown: async () => {
      // An unreachable collector must not delay the end of the process.
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        delay(SHUTDOWN_MS, undefined, { ref: false }),
      ]);
    },
  };
}
