/**
 * A span for each request, only when the standard environment variables name a destination. Without one the
 * SDK is not even loaded, and the request path makes one check for undefined.
 */
import type { Spans } from './request-span.ts';

/** @param environment process.env */
export async function startSpans(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Spans | undefined> {
  const wanted = environment.OTEL_EXPORTER_OTLP_ENDPOINT || environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (!wanted || environment.OTEL_SDK_DISABLED === 'true') return undefined;
  const { startOtlpSpans } = await import('./otlp-spans.ts');
  return startOtlpSpans(environment.OTEL_SERVICE_NAME || 'ficus-proxy');
}
