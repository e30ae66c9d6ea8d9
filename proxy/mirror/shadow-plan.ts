/**
 * The copy that a request will have: room taken before the live exchange, its head noted on the way, and at the end
 * either the copy goes out or the room is given back. Made only for requests whose decision names a shadow side.
 */
import type { IncomingMessage } from 'node:http';
import { type DropReason, isComparable, type Side } from '@ficus/core';
import type { RequestName } from '../observe/request-name.ts';
import type { ResponseHead } from '../respond/response-amendments.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { BodyCapture } from '../wire/body-capture.ts';
import { headerValue } from '../wire/raw-headers.ts';
import { buildRequestHead, type FieldNames } from '../wire/request-head.ts';
import type { CopyTicket, Mirror } from './mirror.ts';

/** What the copy needs to know of the live request. */
export interface ShadowFacts {
  readonly slice: string;
  readonly route: string;
  readonly name: RequestName;
  readonly servedBy: Side;
  readonly request: IncomingMessage;
  readonly durationMs: number;
}

/** Where the copy goes, and how its head is amended. */
export interface ShadowDestination {
  readonly upstream: Upstream;
  readonly target: string | undefined;
  readonly set: readonly string[];
  readonly removed: FieldNames;
}

export class ShadowPlan {
  /** The live request's fields; the forwarder fills it as it sends them. */
  readonly sentFields: string[] = [];
  readonly #mirror: Mirror;
  readonly #ticket: CopyTicket;
  #status = 0;
  #headers: readonly string[] = [];

  private constructor(mirror: Mirror, ticket: CopyTicket) {
    this.#mirror = mirror;
    this.#ticket = ticket;
  }

  /** Takes room; undefined when there is none or the request is not one that is copied. */
  static make(mirror: Mirror, slice: string, request: IncomingMessage): ShadowPlan | undefined {
    const { method, url } = request;
    if (!isComparable(method!)) return undefined;
    // A copy needs an origin-form target.
    if (!url!.startsWith('/')) return undefined;
    const ticket = mirror.reserve(slice);
    if (ticket === undefined) return undefined;
    const reason = notCopied(request.rawHeaders);
    if (reason === undefined) return new ShadowPlan(mirror, ticket);
    mirror.giveUp(slice, reason);
    return undefined;
  }

  get capture(): BodyCapture {
    return this.#ticket.capture;
  }

  /** The live answer's head as the upstream sent it, before any rewrite. */
  noteHead(head: ResponseHead): void {
    this.#status = head.status;
    this.#headers = head.headers.slice();
  }

  /** No copy after all. */
  drop(slice: string, reason: DropReason): void {
    this.#mirror.giveUp(slice, reason);
  }

  /** The live answer is complete: the copy leaves. */
  send(live: ShadowFacts, to: ShadowDestination): void {
    const { request } = live;
    const setHeaders = [...to.set, 'x-ficus-shadow', '1'];
    const changes = { target: to.target, setHeaders, removeHeaders: to.removed };
    const head = buildRequestHead(request, changes, to.upstream, 'copy');
    if (head.error !== '') {
      this.drop(live.slice, 'invalid-target');
      return;
    }
    const exchange = {
      slice: live.slice,
      route: live.route,
      requestId: live.name.requestId,
      traceId: live.name.traceId,
      method: request.method!,
      target: request.url!,
      requestHeaders: this.sentFields,
      servedBy: live.servedBy,
      status: this.#status,
      responseHeaders: this.#headers,
      durationMs: live.durationMs,
    };
    this.#mirror.copy(this.#ticket, exchange, to.upstream, head.text);
  }
}

/** Why a read has no copy, or undefined. */
function notCopied(fields: readonly string[]): DropReason | undefined {
  // A body streams by and is not kept: a copy without it would ask for something else.
  if ((headerValue(fields, 'content-length') ?? '0') !== '0') return 'body';
  if (headerValue(fields, 'transfer-encoding') !== undefined) return 'body';
  // An answer without an end is never compared, and would hold its place for as long.
  return headerValue(fields, 'accept')?.startsWith('text/event-stream') ? 'event-stream' : undefined;
}
