/**
 * Shadow copies. A copy leaves when the live response is complete, never before; it has its own upstream objects
 * and its own deadline, so a hung side holds nothing that a live request needs. What does not fit is dropped and
 * counted by reason: too many copies under way, too many bytes held, a live exchange that failed.
 */
import type { DropReason, Observation, ObservedResponse, ProxyConfig, Side } from '@ficus/core';
import { type CopyResult, sendCopy } from '../upstream/send-copy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { BodyCapture } from '../wire/body-capture.ts';

/** The live exchange, as far as a copy and its comparison need it. */
export interface LiveExchange {
  readonly slice: string;
  readonly route: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly method: string;
  readonly target: string;
  /** Flat list as sent to the serving side. */
  readonly requestHeaders: readonly string[];
  readonly servedBy: Side;
  readonly status: number;
  /** Flat list as received. */
  readonly responseHeaders: readonly string[];
  readonly durationMs: number;
}

/** Room taken for one copy; to be given back exactly once. */
export interface CopyTicket {
  readonly capture: BodyCapture;
}

export interface MirrorHooks {
  dropped(slice: string, reason: DropReason): void;
  copied(slice: string, result: 'answered' | 'failed'): void;
  observe(observation: Observation): void;
}

type Limits = ProxyConfig['shadow'];

export class Mirror {
  readonly #limits: Limits;
  readonly #hooks: MirrorHooks;
  readonly #clock: () => number;
  #copies = 0;
  #reservedBytes = 0;

  constructor(limits: Limits, hooks: MirrorHooks, clock: () => number = Date.now) {
    this.#limits = limits;
    this.#hooks = hooks;
    this.#clock = clock;
  }

  /** Copies that are being made, or for which room is taken. */
  get underWay(): number {
    return this.#copies;
  }

  /** Takes room for a copy before the live exchange begins; undefined when there is none. */
  reserve(slice: string): CopyTicket | undefined {
    // Two bodies may be held for each copy: the live one and the copy's.
    const bytes = this.#limits.bodyBytes * 2;
    if (this.#copies >= this.#limits.concurrency) return this.#drop(slice, 'concurrency');
    if (this.#reservedBytes + bytes > this.#limits.bufferedBytes) return this.#drop(slice, 'memory');
    this.#copies += 1;
    this.#reservedBytes += bytes;
    return { capture: new BodyCapture(this.#limits.bodyBytes) };
  }

  /** Gives the room back without a copy. */
  giveUp(slice: string, reason: DropReason): void {
    this.#release();
    this.#drop(slice, reason);
  }

  /** Sends the copy to the other side and hands both answers over. @param head of the copy, complete */
  copy(ticket: CopyTicket, live: LiveExchange, upstream: Upstream, head: string): void {
    const limits = { timeoutMs: this.#limits.timeoutMs, bodyBytes: this.#limits.bodyBytes };
    const at = this.#clock();
    sendCopy(upstream, { method: live.method, head }, limits, (result) => {
      this.#release();
      this.#hooks.copied(live.slice, result.kind);
      this.#hooks.observe(toObservation(ticket, live, result, at));
    });
  }

  #release(): void {
    this.#copies -= 1;
    this.#reservedBytes -= this.#limits.bodyBytes * 2;
  }

  #drop(slice: string, reason: DropReason): undefined {
    this.#hooks.dropped(slice, reason);
    return undefined;
  }
}

function toObservation(ticket: CopyTicket, live: LiveExchange, result: CopyResult, at: number): Observation {
  const served: ObservedResponse = {
    status: live.status,
    headers: toPairs(live.responseHeaders),
    body: ticket.capture.toBuffer(),
    truncated: ticket.capture.truncated,
    durationMs: live.durationMs,
  };
  const copied = toObserved(result);
  const sides = live.servedBy === 'legacy' ? [served, copied] : [copied, served];
  return {
    slice: live.slice,
    route: live.route,
    requestId: live.requestId,
    traceId: live.traceId,
    at,
    method: live.method,
    target: live.target,
    requestHeaders: toPairs(live.requestHeaders),
    servedBy: live.servedBy,
    legacy: sides[0]!,
    candidate: sides[1]!,
  };
}

function toObserved(result: CopyResult): ObservedResponse {
  if (result.kind === 'failed') {
    return { failed: `${result.cause}: ${result.detail}`, durationMs: result.durationMs };
  }
  const { status, body, truncated, durationMs } = result;
  return { status, headers: toPairs(result.headers), body, truncated, durationMs };
}

function toPairs(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2) {
    pairs.push([flat[index]!.toLowerCase(), flat[index + 1]!]);
  }
  return pairs;
}
