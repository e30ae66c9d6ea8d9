/**
 * What the request path hands to the forwarder for one request: changes of both heads, a capture, and where
 * the outcome goes. It is an interface so that the caller's own per-request object can be it: nothing is
 * allocated, no closure made, on the hot path.
 *
 * Header lists are flat, `[name, value, name, value, …]`, as in `IncomingMessage.rawHeaders`: order, case and
 * duplicates survive, and no header name can reach an object's prototype.
 */
import type { UpstreamConfig } from '@ficus/core';
import type { ResponseAmendments } from '../respond/response-amendments.ts';
import type { BodyCapture } from '../wire/body-capture.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import type { Outcome } from '../wire/outcome.ts';
import type { HeadChanges } from '../wire/request-head.ts';

export interface ForwardCall extends HeadChanges, ResponseAmendments {
  /** A copy of the response's body, taken as it streams by. */
  readonly responseCapture?: BodyCapture | undefined;
  /** Replace the upstream's own. */
  readonly timeouts?: UpstreamConfig['timeouts'] | undefined;
  /** Most bytes of the request's body. */
  readonly bodyLimit?: number | undefined;
  /** Longest silence of the client in the body of its request. */
  readonly clientSilenceMs?: number;
  /**
   * Called once there is a connection, before a byte is written to it. `false` withdraws the request: it ends with the
   * outcome `withdrawn`.
   */
  mayLeave?(): boolean;
  /** The final head sets a cookie. Called before any byte of it goes to the client. */
  onSetCookie?(head: HeadLines): void;
  /** The exchange has become one without an end: a tunnel, or an event stream whose head was passed on. */
  onEndless?(exchange: { cancel(): void }, status: number): void;
  /** Called exactly once, at the end. May call `forward` again when the outcome allows it. */
  onOutcome(outcome: Outcome): void;
}
