/**
 * What the data plane hands over after a shadow copy: both exchanges, bodies bounded. The parity part turns it
 * into a verdict. It holds headers and bodies of users: it stays in memory, and is redacted before it is stored.
 */
import type { Side } from '../slice/side.ts';

export interface Observation {
  readonly slice: string;
  readonly route: string;
  readonly requestId: string;
  readonly traceId?: string | undefined;
  /** Milliseconds since the epoch at which the live response was complete. */
  readonly at: number;
  readonly method: string;
  /** Request target as it came, path and query. */
  readonly target: string;
  /** Request headers as forwarded, names in lower case. */
  readonly requestHeaders: readonly (readonly [string, string])[];
  readonly servedBy: Side;
  readonly legacy: ObservedResponse;
  readonly candidate: ObservedResponse;
}

export type ObservedResponse =
  | {
      readonly status: number;
      /** Names in lower case. */
      readonly headers: readonly (readonly [string, string])[];
      readonly body: Uint8Array;
      /** True when the body was longer than what was kept. */
      readonly truncated: boolean;
      readonly durationMs: number;
    }
  | { readonly failed: string; readonly durationMs: number };

/** Takes observations; never throws, never makes the caller wait. */
export interface ObservationSink {
  observe(observation: Observation): void;
}
