/**
 * Spans of requests, named by the semantic conventions for HTTP (version 1.23 and later, the stable ones:
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/). Loaded by start-spans.ts alone, and only when a
 * destination is configured.
 */

import { bareHost } from '@ficus/core';
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { contextOf, openOtlpProvider } from './otlp-provider.ts';
import type { RequestSpan, Sending, SendSpan, Spans } from './request-span.ts';

/** The methods that the conventions know: those of RFC 9110, PATCH (RFC 5789) and QUERY. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '),
);

export function startOtlpSpans(service: string): Spans {
  const provider = openOtlpProvider(service);
  const tracer = provider.getTracer('ficus-proxy');
  return {
    begin({ parent, method, path, scheme }) {
      const attributes = { ...methodAttributes(method), 'url.path': path, 'url.scheme': scheme };
      const options = { kind: SpanKind.SERVER, attributes };
      const span = tracer.startSpan(nameOf(method, undefined), options, contextOf(parent));
      return toRequestSpan(tracer, span, method);
    },
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

function toRequestSpan(tracer: Tracer, span: Span, method: string): RequestSpan {
  return {
    traceparent: traceparentOf(span),
    send: (sending) => startSending(tracer, span, sending),
    end({ status, error, side, reason, slice, route, pattern }) {
      span.setAttributes({ 'ficus.side': side, 'ficus.reason': reason });
      if (slice !== undefined && route !== undefined)
        span.setAttributes({ 'ficus.slice': slice, 'ficus.route': route });
      if (pattern !== undefined) {
        span.updateName(nameOf(method, pattern));
        span.setAttribute('http.route', pattern);
      }
      // A client's own fault is no error of the server's span.
      endSpan(
        span,
        status,
        error ?? (status >= 500 ? String(status) : undefined),
        status === 0 || status >= 500,
      );
    },
  };
}

function startSending(tracer: Tracer, parent: Span, sending: Sending): SendSpan {
  const { side, method, pattern, url, resendCount, isCopy } = sending;
  const { hostname, port, protocol } = new URL(url);
  const scheme = protocol.slice(0, -1);
  const attributes: Attributes = {
    ...methodAttributes(method),
    'url.scheme': scheme,
    'server.address': bareHost(hostname),
    'server.port': Number(port || (scheme === 'https' ? 443 : 80)),
    'ficus.side': side,
  };
  if (pattern !== undefined) attributes['url.template'] = pattern;
  if (resendCount > 0) attributes['http.request.resend_count'] = resendCount;
  if (isCopy) attributes['ficus.copy'] = true;
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  const span = tracer.startSpan(nameOf(method, pattern), { kind: SpanKind.CLIENT, attributes }, context);
  return {
    traceparent: traceparentOf(span),
    end: (status, error) => {
      const failed = error ?? (status >= 400 ? String(status) : undefined);
      endSpan(span, status, failed, failed !== undefined);
    },
  };
}

function endSpan(span: Span, status: number, error: string | undefined, isError: boolean): void {
  if (status > 0) span.setAttribute('http.response.status_code', status);
  if (error !== undefined) span.setAttribute('error.type', error);
  if (error !== undefined && isError) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** A method of a client's own invention would make names and attributes without end. */
function methodAttributes(method: string): Attributes {
  if (KNOWN_METHODS.has(method)) return { 'http.request.method': method };
  return { 'http.request.method': '_OTHER', 'http.request.method_original': method };
}

function nameOf(method: string, pattern: string | undefined): string {
  const shown = KNOWN_METHODS.has(method) ? method : 'HTTP';
  return pattern === undefined ? shown : `${shown} ${pattern}`;
}
