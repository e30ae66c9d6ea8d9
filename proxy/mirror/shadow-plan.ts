/**
 * The shadow copy planned for a request: room is reserved before the live exchange, its head is recorded on the way,
 * and at the end either the copy leaves or the room is released. Created only for requests whose decision names a
 * shadow side.
 */
import type { IncomingMessage } from 'node:http';
import { type DropReason, isComparable } from '@ficus/core';
import { headOf } from '../accept/inspected-head.ts';
import type { SendSpan } from '../observe/request-span.ts';
import type { ResponseHead } from '../respond/response-amendments.ts';
import type { BodyCapture } from '../wire/body-capture.ts';
import type { CopyTicket, Mirror, ServedExchange } from './mirror.ts';

export class ShadowPlan {
  /** The live request's fields; the forwarder fills it as it sends them. */
  readonly sentFields: string[] = [];
  readonly #mirror: Mirror;
  readonly #ticket: CopyTicket;

  constructor(mirror: Mirror, ticket: CopyTicket) {
    this.#mirror = mirror;
    this.#ticket = ticket;
  }

  /** Reserves room; undefined when there is none or such requests are not copied. */
  static make(
    mirror: Mirror,
    slice: string,
    request: IncomingMessage,
    isUpgrade: boolean,
  ): ShadowPlan | undefined {
    if (!isComparable(request.method!)) return undefined;
    const ticket = mirror.reserve(slice);
    if (ticket === undefined) return undefined;
    // A body streams by and is not kept: a copy without it would be a different request.
    const { hasBody } = headOf(request);
    if (!hasBody && !isUpgrade) return new ShadowPlan(mirror, ticket);
    mirror.giveUp(slice, hasBody ? 'body' : 'upgrade');
    return undefined;
  }

  get capture(): BodyCapture {
    return this.#ticket.capture;
  }

  /** The live answer's head as the upstream sent it, before any rewrite. */
  noteHead(head: ResponseHead): void {
    this.#ticket.status = head.status;
    this.#ticket.headers = head.headers.slice();
  }

  /** Cancels the copy. */
  drop(slice: string, reason: DropReason): void {
    this.#mirror.giveUp(slice, reason);
  }

  /** The live answer is complete: the copy leaves. */
  send(served: ServedExchange, liveMs: number, span: SendSpan | undefined): void {
    void this.#mirror.copy(this.#ticket, served, liveMs, span);
  }
}
