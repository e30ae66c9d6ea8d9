/**
 * Spans of work that is known only once it is over: the batches of a change stream. Implemented by otlp-span-writer.ts,
 * absent without a destination.
 */

export interface SpanWriter {
  write(span: FinishedSpan): void;
  /** Sends what is still held. */
  stop(): Promise<void>;
}

/** A consumer span without a parent. */
export interface FinishedSpan {
  readonly name: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Well-formed traceparents of the spans that caused it. */
  readonly links: readonly string[];
  /** One word; the span has failed. */
  readonly error: string | undefined;
}
