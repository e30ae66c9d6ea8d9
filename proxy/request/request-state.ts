/**
 * What is known about one request, in the order of the steps: each field is listed under the first step that writes it.
 * Only those that say so are written again by a later step. Created by the worker, passed from step to step
 * (request-run.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Side } from '@ficus/core';
import { headOf, type InspectedHead } from '../accept/inspected-head.ts';
import { turnNow } from '../clock/turn-clock.ts';
import { type RequestDecision, UNMATCHED } from '../decide/decide-request.ts';
import { ANONYMOUS, type Identity } from '../identify/identity.ts';
import type { ShadowPlan } from '../mirror/shadow-plan.ts';
import { type RequestName, UNNAMED } from '../observe/request-name.ts';
import type { SendSpan } from '../observe/request-span.ts';
import type { LiveRoute } from '../snapshot/live-route.ts';
import type { LiveSlice } from '../snapshot/live-slice.ts';
import type { LiveSnapshot } from '../snapshot/live-snapshot.ts';
import type { RequestHost } from '../snapshot/request-host.ts';
import type { WritePins } from './write-pins.ts';

/** An upgrade has no response: it is answered on the bare socket. */
interface UpgradeEnd {
  readonly socket: Duplex;
  /** First bytes of the upgraded protocol, when the client sent them along. */
  readonly firstBytes: Buffer;
}

export class RequestState {
  readonly host: RequestHost;
  /** The snapshot that was current when the request came; it is used to the end. */
  readonly snapshot: LiveSnapshot;
  readonly request: IncomingMessage;
  /** Either this or `upgrade` is set. */
  readonly response: ServerResponse | undefined;
  readonly upgrade: UpgradeEnd | undefined;
  readonly startedAt = turnNow();

  // Step 1: accept.
  readonly head: InspectedHead;
  name: RequestName = UNNAMED;
  /**
   * An exchange without an end: an upgrade, or an event stream. Step 6 sets it for the latter: only the answer proves
   * one, whatever the client accepts.
   */
  endless: boolean;

  // Step 2: match.
  route: LiveRoute | undefined = undefined;
  /** A CORS preflight that goes where the request that it announces goes. */
  isPreflight = false;
  /** Slices beside its own whose tables the request writes. */
  foreignWrites: readonly LiveSlice[] | undefined = undefined;

  // Step 3: identify.
  identity: Identity = ANONYMOUS;

  // The write gate, which only writes pass.
  pins: WritePins | undefined = undefined;
  /** The bucket assigned to the caller where a slice asks for one: the same in all slices. Step 4 assigns it for reads. */
  newBucket: string | undefined = undefined;
  /**
   * Fields added to the answer, the upstream's or the proxy's own; flat. Step 4 adds the bucket, step 5 who serves;
   * step 6 takes the latter back when another side is to serve.
   */
  responseHeaders: string[] | undefined = undefined;

  // Step 4: decide. A write that returns to the gate is decided again.
  /** Step 6 replaces it when the request falls back to the legacy. */
  decision: RequestDecision = UNMATCHED;
  /** Undefined when there will be no copy. Steps 6 (a fallback) and 7 (the copy leaves, or is dropped) clear it. */
  shadow: ShadowPlan | undefined = undefined;

  // Step 5: forward, once for each attempt.
  side: Side = 'legacy';
  attempts = 0;
  /** Span of the attempt in progress. */
  sending: SendSpan | undefined = undefined;

  // Step 6: respond.
  /** Status of the proxy's own answer; 0 while there is none. */
  ownStatus = 0;

  // Step 7: observe.
  over = false;

  constructor(
    host: RequestHost,
    request: IncomingMessage,
    response: ServerResponse | undefined,
    upgrade: UpgradeEnd | undefined,
  ) {
    this.host = host;
    this.snapshot = host.snapshot;
    this.request = request;
    this.head = headOf(request);
    this.response = response;
    this.upgrade = upgrade;
    this.endless = upgrade !== undefined;
  }

  /** Most bytes of the request's body. */
  get bodyLimit(): number | undefined {
    return this.route?.config.bodyBytes ?? this.snapshot.config.proxy.limits.bodyBytes;
  }
}
