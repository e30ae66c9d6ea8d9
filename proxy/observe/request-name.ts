/**
 * Ids of a request in logs and traces, and for the services behind. Ids from the client are kept when they
 * are well formed and replaced otherwise.
 */
import type { RequestSpan, Spans } from './request-span.ts';
import { isRequestId, isTraceparent, makeTraceparent, randomDigits, traceIdOf } from './trace-context.ts';

export interface RequestName {
  readonly requestId: string;
  readonly traceId: string;
  /** For the upstream, unless the sending has a span of its own. */
  readonly traceparent: string;
  /** The trace is the client's, so that its tracestate belongs to it. */
  readonly continued: boolean;
  /** Undefined unless tracing is configured. */
  readonly span: RequestSpan | undefined;
}

/** For a request whose head has not been inspected. */
export const UNNAMED: RequestName = {
  requestId: '',
  traceId: '',
  traceparent: '',
  continued: false,
  span: undefined,
};

/** What the client brought. */
interface BroughtNames {
  readonly requestId: string | undefined;
  readonly traceparent: string | undefined;
  /** Canonical path. */
  readonly path: string;
  /** Scheme of the request's URL, as the client knows it. */
  readonly scheme: 'http' | 'https';
}

export function nameRequest(head: BroughtNames, method: string, spans: Spans | undefined): RequestName {
  const brought = head.traceparent;
  const parent = brought !== undefined && isTraceparent(brought) ? brought : undefined;
  const span = spans?.begin({ parent, method, path: head.path, scheme: head.scheme });
  const known = span?.traceparent ?? parent;
  const traceId = known === undefined ? randomDigits(32) : traceIdOf(known);
  const traceparent = known ?? makeTraceparent(traceId);
  const requestId = head.requestId !== undefined && isRequestId(head.requestId) ? head.requestId : traceId;
  return { requestId, traceId, traceparent, continued: parent !== undefined, span };
}
