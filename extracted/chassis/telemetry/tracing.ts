/**
 * Tracing, when the standard environment variables ask for it. Without OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT the SDK is not even loaded; only the trace id for the logs is kept.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { StatementWrapper } from '../database.ts';
import { parseTraceparent } from './trace-context.ts';

export interface Tracing {
  /** Called first for each request; returns the trace id for its log lines. */
  begin(request: IncomingMessage): string;
  /** Hooks that run each request inside its server span and end it. */
  instrument(app: FastifyInstance): void;
  readonly wrapStatement: StatementWrapper;
  /** Sends what is still buffered. */
  shutdown(): Promise<void>;
}

/** Tracing according to `environment`. */
export async function startTracing(
  service: string,
  version: string,
  environment: NodeJS.ProcessEnv,
): Promise<Tracing> {
  const wanted = environment.OTEL_EXPORTER_OTLP_ENDPOINT || environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (!wanted || environment.OTEL_SDK_DISABLED === 'true') return untraced;
  const { startOtlpTracing } = await import('./otlp-tracing.ts');
  return startOtlpTracing(environment.OTEL_SERVICE_NAME || service, version);
}

/** No spans; a trace id all the same, the caller's or a new one. */
const untraced: Tracing = {
  begin: (request) =>
    parseTraceparent(request.headers.traceparent)?.traceId ?? randomBytes(16).toString('hex'),
  instrument: () => undefined,
  wrapStatement: (_name, _text, run) => run(),
  shutdown: async () => undefined,
};
