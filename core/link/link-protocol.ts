/**
 * The protocol between a proxy and the control plane. The proxy always initiates: it subscribes to the state stream,
 * asks for positions, and reports. While the control plane is unreachable, it continues with the last state it
 * received.
 *
 *     GET  /api/v1/link/stream        server-sent events: `state`, then `progress` whenever it moves
 *     POST /api/v1/link/positions     PositionsRequest → PositionsAnswer
 *     POST /api/v1/link/report        ProxyReport → 204
 *     POST /api/v1/link/holds         HoldReport → 204; renews the proxy's leases. Or 409 with `renewed`: of these slices only
 *     POST /api/v1/link/observations  ObservationBatch → 204
 *     POST /api/v1/link/observations/again  the same batch, whose first answer is missing → 204, or 409 if it cannot be known
 *
 * Reports and batches have numbers, so that one that is sent again counts once. Both sides work with the other's earlier
 * version: numbers that are absent are not checked, and unknown members are ignored.
 */
import type { ConfigRefusal } from '../config/running-config.ts';
import type { Observation, ObservedResponse } from '../observe/observation.ts';
import type { Side } from '../slice/side.ts';
import type { SliceState } from '../slice/slice-state.ts';

export const LINK_PATHS = {
  stream: '/api/v1/link/stream',
  positions: '/api/v1/link/positions',
  report: '/api/v1/link/report',
  holds: '/api/v1/link/holds',
  observations: '/api/v1/link/observations',
  /** A path of its own: a control plane without numbers answers 404, and cannot count a batch twice. */
  observationsAgain: '/api/v1/link/observations/again',
} as const;

/** Of the request for the state stream: the proxy's id, as in its reports. Absent from proxies of an earlier version. */
export const PROXY_ID_HEADER = 'x-ficus-proxy';

/** Event `state`: sent on connecting, and whenever an owner changes or writes are held or released. */
export interface StateEvent {
  readonly slices: Readonly<Record<string, SliceState>>;
}

/** Event `progress`: how far each slice's stream has come; at most every 10 ms, at once when it moved. */
export interface ProgressEvent {
  readonly slices: Readonly<Record<string, SliceProgress>>;
}

export interface SliceProgress {
  /** Everything committed on the owner up to here is on the other side; `X/Y`. */
  readonly appliedLsn: string;
  /** False when the stream makes no progress: then reads of the other side may be old. */
  readonly healthy: boolean;
}

/** Sent once a write has been answered: what is the position of the owner's WAL now? */
export interface PositionsRequest {
  readonly slices: readonly string[];
  /** The writes that are traced; only from a proxy that sends spans itself. */
  readonly writes?: readonly TracedWrite[] | undefined;
}

/** A write that has been answered, if it wrote anything, was committed after `after` and before the answered position. */
export interface TracedWrite {
  readonly slice: string;
  /** Of the proxy's span for the request (https://www.w3.org/TR/trace-context/), with the sampled flag. */
  readonly traceparent: string;
  /** What the stream had applied when the write began; `X/Y`. */
  readonly after: string;
}

export interface PositionsAnswer {
  /** Slice → position of its owner's WAL, `X/Y`. */
  readonly positions: Readonly<Record<string, string>>;
}

/**
 * Sent while any slice is leased or held: at once when what is applied changes, what is in flight ends, or a bound is
 * reached; mere numbers within 100 ms; and each quarter of the shortest lease.
 * The proxy's leases run from the moment in which it sent a report that was answered; the control plane counts them from
 * its receipt, which is later.
 */
export interface HoldReport {
  /** Unique per run of a proxy. */
  readonly proxyId: string;
  /** From 1, one more with each of a run: one that arrives late is ignored. */
  readonly number: number;
  /** Only slices that are leased or held. */
  readonly slices: Readonly<Record<string, SliceHold>>;
}

export interface SliceHold {
  readonly attempt: number;
  /** What all workers have applied. */
  readonly writes: 'leased' | 'held';
  /**
   * Writes of the slice that were sent to an upstream and have not ended, in all workers. 0 with `held`: drained. Where all
   * that is left is `orphaned`, no client waits for it.
   */
  readonly inFlight: number;
  /**
   * Of those in flight, the ones without a client: it has left, their connection was lost, or their worker killed. They may
   * still be executed; the fence waits for them or refuses them, and no client gets that answer. Absent: none.
   */
  readonly orphaned?: number | undefined;
  /** Writes that wait, in all workers. */
  readonly held: number;
  /** Of their heads and what was read of their bodies. */
  readonly heldBytes: number;
  /** A bound of a worker is reached: the attempt must be abandoned before a write is refused. */
  readonly full: boolean;
  /** Of those in flight, the ones that may not end soon; absent when there are none. */
  readonly endless?: EndlessWrites | undefined;
}

/**
 * Route → writes in flight that may not end soon: event streams, upgrades, and whatever has been under way for longer
 * than two seconds, an upload for instance. A request of another route that writes the slice's tables counts as
 * `writtenBy`.
 */
export type EndlessWrites = Readonly<Record<string, number>>;

/** Of requests or copies in one entry of a report: a proxy leaves more than that for the next one. */
export const LARGEST_COUNT = 1e9;
/** Of the milliseconds in one entry of a report. */
export const LARGEST_DURATION_MS = 1e12;

/** Sent each second while there is something to report. */
export interface ProxyReport {
  /** Unique per run of a proxy. */
  readonly proxyId: string;
  /**
   * From 1, one more with each report of a run. A report that is sent again has the same number and the same counts, with
   * the facts of now. Absent from proxies of an earlier version: those count each time.
   */
  readonly number?: number | undefined;
  /** For people: its machine, and the address that it listens at. */
  readonly name?: string | undefined;
  readonly workers: number;
  /** Slice → epoch that all workers have applied. */
  readonly epochs: Readonly<Record<string, number>>;
  /** Slice → workers whose circuit breaker for its candidate is open; without an entry none. */
  readonly breakersOpen?: Readonly<Record<string, number>> | undefined;
  /** Of those, the workers whose breaker is open because its answers were errors (500 and above). */
  readonly breakersOnErrors?: Readonly<Record<string, number>> | undefined;
  /** Upstreams that fail the proxy's health checks now; absent where all pass, or none are configured. */
  readonly failingChecks?: FailingChecks | undefined;
  /** The changed config that it has refused; null or absent while it runs what its file has. */
  readonly configRefused?: ConfigRefusal | null | undefined;
  /** Requests since the last report. */
  readonly traffic: readonly TrafficCount[];
  /** Copies that were not made or not compared, since the last report. */
  readonly droppedCopies: readonly DroppedCopies[];
  /**
   * Observed slice → when writes were in flight, since the last report that was answered; in order, closer ones than
   * 50 ms merged. Empty: none were.
   */
  readonly busy?: Readonly<Record<string, readonly BusyInterval[]>> | undefined;
  /** The intervals are complete up to here; ms since the epoch, by the proxy's clock. */
  readonly busyUntilMs?: number | undefined;
  /** The proxy's clock when it sent this; ms since the epoch. With `busy`. */
  readonly clockMs?: number | undefined;
  /** Observed slice → its endless writes; without an entry none. */
  readonly endless?: Readonly<Record<string, EndlessWrites>> | undefined;
}

/** From the sending of a write to its end, or to the moment after which it is certainly no longer executed; ms since the epoch. */
export type BusyInterval = readonly [fromMs: number, toMs: number];

export interface FailingChecks {
  readonly legacy: boolean;
  /** Slices whose candidate fails them. */
  readonly candidates: readonly string[];
}

export interface TrafficCount {
  readonly slice: string;
  readonly route: string;
  readonly side: Side;
  readonly reason: string;
  readonly requests: number;
  /** Answers of 500 and above, and exchanges that failed. */
  readonly failures: number;
  /** Sum over the requests, in milliseconds. */
  readonly durationMs: number;
}

export interface DroppedCopies {
  readonly slice: string;
  readonly reason: string;
  readonly copies: number;
}

/** Observations as JSON: bodies in base64. */
export interface ObservationBatch {
  /** Unique per run of a worker; absent from proxies of an earlier version, as is the number. */
  readonly sender?: string | undefined;
  /** From 1, one more with each batch of a sender. */
  readonly number?: number | undefined;
  /** Milliseconds since the post left that had no answer; only in a batch that is sent again. */
  readonly firstSentMs?: number | undefined;
  readonly observations: readonly EncodedObservation[];
}

export type EncodedResponse =
  | (Omit<Extract<ObservedResponse, { status: number }>, 'body'> & { readonly body: string })
  | Extract<ObservedResponse, { failed: string }>;

export type EncodedObservation = Omit<Observation, 'legacy' | 'candidate'> & {
  readonly legacy: EncodedResponse;
  readonly candidate: EncodedResponse;
};

/** For the wire. */
export function encodeObservation(observation: Observation): EncodedObservation {
  return {
    ...observation,
    legacy: encodeResponse(observation.legacy),
    candidate: encodeResponse(observation.candidate),
  };
}

/** From the wire. */
export function decodeObservation(encoded: EncodedObservation): Observation {
  return { ...encoded, legacy: decodeResponse(encoded.legacy), candidate: decodeResponse(encoded.candidate) };
}

function encodeResponse(response: ObservedResponse): EncodedResponse {
  if ('failed' in response) return response;
  return { ...response, body: Buffer.from(response.body).toString('base64') };
}

function decodeResponse(response: EncodedResponse): ObservedResponse {
  if ('failed' in response) return response;
  return { ...response, body: Buffer.from(response.body, 'base64') };
}
