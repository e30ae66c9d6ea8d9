/**
 * What the data plane passes on after a shadow copy: the request, its caller, and both answers, bodies bounded. The
 * parity part turns it into a verdict, and the control plane may send the same request again. It contains headers,
 * bodies and callers of users: it stays in memory; what is kept of it has stand-ins for values.
 */
import type { Side } from '../slice/side.ts';

/** The caller, as the proxy verified it. Never read from a header again. */
export type VerifiedCaller = 'anonymous' | { readonly user: string; readonly tenant?: string | undefined };

/** One request, with everything needed to ask a side the same again. */
export interface AskedRequest {
  readonly slice: string;
  readonly route: string;
  readonly requestId: string;
  readonly method: string;
  /** HTTP version of the client; the proxy names it in Via. */
  readonly httpVersion: '1.0' | '1.1';
  /** Request target as it came, path and query. */
  readonly target: string;
  /** Request target as each side gets it, after the route's rewrite; the upstream's base path is prepended. */
  readonly targets: Readonly<Record<Side, string>>;
  /**
   * The fields that a side without rewrites gets: names as they were sent, forwarding fields included, without Via, the
   * identity assertion, and the mark of a copy.
   */
  readonly requestHeaders: readonly (readonly [string, string])[];
  readonly caller: VerifiedCaller;
}

export interface Observation extends AskedRequest {
  readonly traceId?: string | undefined;
  /** Milliseconds since the epoch at which the live response was complete. */
  readonly at: number;
  readonly servedBy: Side;
  /** Owner and epoch under which the request was decided. */
  readonly owner: Side;
  readonly epoch: number;
  /** Whether the caller's reads were pinned to the owner. */
  readonly pinned: boolean;
  readonly legacy: ObservedResponse;
  readonly candidate: ObservedResponse;
  /** Signature over all of it, where assertions are configured: the control plane trusts no other caller. */
  readonly seal?: string | undefined;
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

/** Receives observations; never throws, never makes the caller wait. */
export interface ObservationSink {
  observe(observation: Observation): void;
}
