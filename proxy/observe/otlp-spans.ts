/**
 * Server spans over OTLP/HTTP. The exporter reads endpoint, headers and sampling from the standard environment
 * variables by itself. Loaded by start-spans.ts alone, and only when a destination is configured.
 */
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { RequestSpan, Spans } from './request-span.ts';

export function startOtlpSpans(service: string): Spans {
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': service })),
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 1000 }),
    ],
  });
  const tracer = provider.getTracer('ficus-proxy');
  return {
    begin(parent, method, path) {
      const attributes = { 'http.request.method': method, 'url.path': path };
      return toRequestSpan(
        tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, contextOf(parent)),
      );
    },
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

function contextOf(parent: string | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const [, traceId, spanId, flags] = parent.split('-') as [string, string, string, string];
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function toRequestSpan(span: ReturnType<ReturnType<TracerProvider['getTracer']>['startSpan']>): RequestSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    end({ status, failed, side, reason, slice, route }) {
      if (status > 0) span.setAttribute('http.response.status_code', status);
      span.setAttributes({ 'ficus.side': side, 'ficus.reason': reason });
      if (slice !== undefined && route !== undefined) {
        span.setAttributes({ 'ficus.slice': slice, 'ficus.route': route });
      }
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}
