/**
 * What is known about one request, in the order of the steps: each field is written by the step that it is listed
 * under, and only read by later ones. Created by the worker, passed from step to step (request-run.ts).
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

  // Step 2: match.
  route: LiveRoute | undefined = undefined;
  /** Slices beside its own whose tables the request writes. */
  foreignWrites: readonly LiveSlice[] | undefined = undefined;

  // Step 3: identify.
  identity: Identity = ANONYMOUS;
  /** The bucket assigned to the caller where a slice asks for one: the same in all slices. */
  newBucket: string | undefined = undefined;

  // The write gate.
  pins: WritePins | undefined = undefined;

  // Step 4: decide.
  decision: RequestDecision = UNMATCHED;
  /** Undefined when there will be no copy. */
  shadow: ShadowPlan | undefined = undefined;

  // Steps 5 and 6: forward and respond.
  side: Side = 'legacy';
  attempts = 0;
  /** Fields added to the answer, the upstream's or the proxy's own; flat. */
  responseHeaders: string[] | undefined = undefined;
  /** An endless exchange: a tunnel or an event stream. */
  endless = false;

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
  }
}
