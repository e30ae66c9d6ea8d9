/**
 * What the request path needs of tracing: a span for each request. Implemented by otlp-spans.ts, absent
 * without a destination.
 */

export interface Spans {
  /** @param parent well-formed traceparent of the client */
  begin(parent: string | undefined, method: string, path: string): RequestSpan;
  /** Sends what is still held. */
  stop(): Promise<void>;
}

interface SpanFacts {
  readonly status: number;
  readonly failed: boolean;
  readonly side: string;
  readonly reason: string;
  readonly slice: string | undefined;
  readonly route: string | undefined;
}

export interface RequestSpan {
  /** For the upstream, which becomes the child. */
  readonly traceparent: string;
  end(facts: SpanFacts): void;
}
