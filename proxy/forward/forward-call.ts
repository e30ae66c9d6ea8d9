/**
 * What the request path hands to the forwarder for one request: amendments to both heads, captures, and where
 * the outcome goes. It is an interface so that the caller's own per-request object can be it: nothing is
 * allocated, no closure made, on the hot path.
 *
 * Header lists are flat, `[name, value, name, value, …]`, as in `IncomingMessage.rawHeaders`: order, case and
 * duplicates survive, and no header name can reach an object's prototype.
 */
import type { BodyCapture } from '../wire/body-capture.ts';
import type { Outcome } from './outcome.ts';

/** The final response head, before it goes to the client. The hook may replace what is in it. */
export interface ResponseHead {
  status: number;
  reason: string;
  /** Flat list as received, hop-by-hop fields already taken out. */
  headers: string[];
}

/** Names of fields, asked for as they were written, in whatever case. */
export interface FieldNames {
  has(name: string): boolean;
}

export interface ForwardCall {
  /**
   * Request target for the upstream; `undefined` leaves it as it came, byte for byte. An absolute-form target is
   * made origin-form and its authority becomes the Host (RFC 9112 section 3.2.2).
   */
  readonly target?: string | undefined;
  /**
   * Fields for the upstream, flat, appended in this order. The client's fields of the same names are removed first,
   * after hop-by-hop fields and those named in the client's `Connection` (so a client cannot remove these). They are
   * written as they are: that nothing in them ends a line is for the caller to see to, where they come from.
   */
  readonly setHeaders?: readonly string[] | undefined;
  /** Further fields of the client's that do not go on. */
  readonly removeHeaders?: FieldNames | undefined;
  /** Fields for the client, flat, appended to the final response as they are; nothing is removed for them. */
  readonly responseHeaders?: readonly string[] | undefined;
  /** Copies of both bodies, taken as they stream by. */
  readonly requestCapture?: BodyCapture | undefined;
  readonly responseCapture?: BodyCapture | undefined;
  /**
   * Called with the final response head before any byte goes to the client. `discard` gives nothing to the client
   * and ends with the outcome `discarded`: the way to try again after a 503. Leave it out where it is not needed:
   * without it the head is passed on without being taken apart.
   */
  onResponseHead?: ((head: ResponseHead) => 'forward' | 'discard') | undefined;
  /** The final head says that the body has no end of its own. */
  onEventStream?(exchange: { cancel(): void }): void;
  /** Called exactly once, when all is over. May call `forward` again when the outcome allows it. */
  onOutcome(outcome: Outcome): void;
}
