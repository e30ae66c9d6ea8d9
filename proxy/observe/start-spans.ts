/**
 * Spans, only when the standard environment variables name a destination. Without one the SDK is not even loaded, and
 * the request path makes one check for undefined.
 */
import type { Spans } from './request-span.ts';
import type { SpanWriter } from './span-writer.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A span for each request. @param environment process.env */
export async function startSpans(environment: Environment): Promise<Spans | undefined> {
  if (!hasDestination(environment)) return undefined;
  const { startOtlpSpans } = await import('./otlp-spans.ts');
  return startOtlpSpans(environment.OTEL_SERVICE_NAME || 'ficus-proxy');
}

/**
 * Spans of finished work.
 * @param environment process.env
 * @param service `service.name` of the spans, unless the environment names one
 */
export async function startSpanWriter(
  environment: Environment,
  service: string,
): Promise<SpanWriter | undefined> {
  if (!hasDestination(environment)) return undefined;
  const { startOtlpSpanWriter } = await import('./otlp-span-writer.ts');
  return startOtlpSpanWriter(environment.OTEL_SERVICE_NAME || service);
}

function hasDestination(environment: Environment): boolean {
  const wanted = environment.OTEL_EXPORTER_OTLP_ENDPOINT || environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  return Boolean(wanted) && environment.OTEL_SDK_DISABLED !== 'true';
}
