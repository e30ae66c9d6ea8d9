/**
 * The result of one exchange with an upstream. The forwarder never throws because of the network: it reports one of
 * these, once, and the caller decides (answer an error, fall back, count, open a breaker).
 *
 * The side and phase of a failure suffice to decide all of that: `responseStarted` false means the client has seen
 * nothing, so that the caller may answer something else; `mayHaveBeenSent` false means that no byte reached any
 * upstream, so that even a write may go elsewhere.
 */

/** Where in the exchange it ended. `queue`: waiting for a place in the pool; `connect`: DNS, TCP, TLS. */
export type Phase = 'queue' | 'connect' | 'send' | 'first-byte' | 'receive';

/** Why a failed exchange failed. */
export type FailureCause =
  /** The client disconnected, or the caller called `cancel()`. */
  | 'cancelled'
  | 'timed-out'
  /** No connection: refused, unreachable, name unknown, certificate not accepted. */
  | 'refused'
  /** The connection broke or ended before the message was complete. */
  | 'reset'
  /** The request's body exceeds its limit. */
  | 'too-large'
  /** Bytes that are not HTTP/1.1 as this proxy accepts it, from the upstream (or from the client's body). */
  | 'invalid'
  /** The pool and its queue are full, this process can open no connection, or the upstream is closed. */
  | 'overloaded'
  /** The upstream answered with an event stream or an upgrade, and as many are open as `pool.streams` allows. */
  | 'too-many-streams';

export interface OutcomeFacts {
  /** Final status that the upstream sent; 0 when there was none. */
  readonly status: number;
  /** True when bytes of this request may have reached an upstream: then a write must not go anywhere else. */
  readonly mayHaveBeenSent: boolean;
  /** True when the client was given a byte of a final response: then nothing else may be answered. */
  readonly responseStarted: boolean;
  /** True when body bytes were taken from the client's request: then it cannot be sent again. */
  readonly bodyTaken: boolean;
  readonly requestBodyBytes: number;
  /** Body bytes received from the upstream. */
  readonly responseBodyBytes: number;
  /** Milliseconds: until a connection was there, until the first response byte (0 when none), in all. */
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
  /** Whether the connection had served before. */
  readonly reused: boolean;
  /** Whether a stale pooled connection made a second attempt on a fresh one necessary. */
  readonly retriedStale: boolean;
}

/** The client was given the complete response. */
interface Completed extends OutcomeFacts {
  readonly kind: 'completed';
}

/** `onResponseHead` returned `discard`: the client was given nothing, and the connection was closed or drained. */
export interface Discarded extends OutcomeFacts {
  readonly kind: 'discarded';
}

/** An upgrade was accepted (101) and its tunnel has ended. */
interface Tunnelled extends OutcomeFacts {
  readonly kind: 'tunnelled';
}

/** The exchange failed. When `responseStarted`, the client's connection has been cut so that it can tell. */
export interface Failed extends OutcomeFacts {
  readonly kind: 'failed';
  readonly side: 'client' | 'upstream';
  readonly phase: Phase;
  readonly cause: FailureCause;
  /** One clause for a log line, without data of users. */
  readonly detail: string;
}

/** `mayLeave` returned false: not a byte was sent, and the upstream was not involved. */
interface Withdrawn extends OutcomeFacts {
  readonly kind: 'withdrawn';
}

export type Outcome = Completed | Discarded | Tunnelled | Failed | Withdrawn;

/**
 * No connection of the pool was free, or became free in time, or could be opened by this process: there is too much in
 * progress already. That says nothing about the upstream's health, and a retry there would only add to the load.
 */
export function foundNoPlace({ phase, cause }: Failed): boolean {
  if (phase === 'connect') return cause === 'overloaded';
  return phase === 'queue' && (cause === 'overloaded' || cause === 'timed-out');
}

/** The upstream answered, and did what was asked: only its answer could not be passed on. */
export function foundNoPlaceForAnswer({ cause }: Failed): boolean {
  return cause === 'too-many-streams';
}
