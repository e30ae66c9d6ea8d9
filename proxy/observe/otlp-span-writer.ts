/** Writes finished spans over OTLP/HTTP. Loaded by start-spans.ts alone, and only when a destination is configured. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { openOtlpProvider, spanContextOf } from './otlp-provider.ts';
import type { SpanWriter } from './span-writer.ts';

export function startOtlpSpanWriter(service: string): SpanWriter {
  const provider = openOtlpProvider(service);
  const tracer = provider.getTracer(service);
  return {
    write({ name, startedAtMs, endedAtMs, attributes, links, error }) {
      const options = {
        kind: SpanKind.CONSUMER,
        startTime: startedAtMs,
        attributes: error === undefined ? attributes : { ...attributes, 'error.type': error },
        links: links.map((traceparent) => ({ context: spanContextOf(traceparent) })),
      };
      const span = tracer.startSpan(name, options, ROOT_CONTEXT);
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(endedAtMs);
    },
    stop: () => provider.shutdown().catch(() => undefined),
  };
}
