/**
 * What the request path needs of tracing: a server span for each request, and a client span for each time that it is
 * sent to an upstream. Implemented by otlp-spans.ts, absent without a destination.
 */

export interface Spans {
  /** Begins the server span. */
  begin(request: SpanRequest): RequestSpan;
  /** Sends what is still held. */
  stop(): Promise<void>;
}

/** What is known when a request comes. Its query, its user and its address are never told: a trace is no log of people. */
export interface SpanRequest {
  /** Well-formed traceparent of the client. */
  readonly parent: string | undefined;
  readonly method: string;
  /** Canonical path. */
  readonly path: string;
  readonly scheme: 'http' | 'https';
}

export interface RequestSpan {
  /** For an upstream whose sending has no span of its own. */
  readonly traceparent: string;
  /** Begins the client span of one sending: an attempt, or a shadow copy. */
  send(sending: Sending): SendSpan;
  end(facts: SpanFacts): void;
}

export interface Sending {
  readonly side: string;
  readonly method: string;
  /** Path pattern of the matched route. */
  readonly pattern: string | undefined;
  /** The upstream's base URL. */
  readonly url: string;
  /** Attempts of this request before this one. */
  readonly resendCount: number;
  readonly isCopy: boolean;
}

export interface SendSpan {
  /** For the upstream, whose span becomes the child. */
  readonly traceparent: string;
  /** @param status 0 when there was no answer @param error cause of a failure, one word */
  end(status: number, error: string | undefined): void;
}

interface SpanFacts {
  /** Status that the client was given; 0 when none. */
  readonly status: number;
  /** One word: the cause of a failed exchange, a refusal's code. */
  readonly error: string | undefined;
  readonly side: string;
  readonly reason: string;
  readonly slice: string | undefined;
  readonly route: string | undefined;
  /** Path pattern of the matched route. */
  readonly pattern: string | undefined;
}
