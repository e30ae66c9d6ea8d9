/**
 * Shadow copies. A copy leaves when the live response is complete, never before; it has its own upstream objects and
 * its own deadline, so a side that hangs holds nothing that a live request needs. A copy that does not fit is dropped
 * and counted by reason: too many copies in progress, too many bytes held, a live exchange that failed.
 */
import {
  type DropReason,
  type Observation,
  type ObservedResponse,
  otherSide,
  type ProxyConfig,
  type Side,
} from '@ficus/core';
import { type Asker, toPairs } from '../ask/asker.ts';
import type { SendSpan } from '../observe/request-span.ts';
import { BodyCapture } from '../wire/body-capture.ts';

/** The live exchange as it will be observed, without the answers. */
export type ServedExchange = Omit<Observation, Side | 'at' | 'seal'>;

/** Room reserved for one copy, and the kept part of the live answer; must be released exactly once. */
export interface CopyTicket {
  readonly capture: BodyCapture;
  status: number;
  /** Flat list as the upstream sent it. */
  headers: readonly string[];
}

export interface MirrorHooks {
  dropped(slice: string, reason: DropReason): void;
  copied(slice: string, result: 'answered' | 'failed'): void;
  observe(observation: Observation): void;
}

type Limits = ProxyConfig['shadow'];

export class Mirror {
  readonly #asker: Asker;
  readonly #limits: Limits;
  readonly #hooks: MirrorHooks;
  readonly #clock: () => number;
  #copies = 0;
  #reservedBytes = 0;

  constructor(limits: Limits, asker: Asker, hooks: MirrorHooks, clock: () => number = Date.now) {
    this.#limits = limits;
    this.#asker = asker;
    this.#hooks = hooks;
    this.#clock = clock;
  }

  /** Copies in progress, or with room reserved. */
  get underWay(): number {
    return this.#copies;
  }

  /** Reserves room for a copy before the live exchange begins; undefined when there is none. */
  reserve(slice: string): CopyTicket | undefined {
    // Two bodies may be held for each copy: the live one and the copy's.
    const bytes = this.#limits.bodyBytes * 2;
    if (this.#copies >= this.#limits.concurrency) return this.#drop(slice, 'concurrency');
    if (this.#reservedBytes + bytes > this.#limits.bufferedBytes) return this.#drop(slice, 'memory');
    this.#copies += 1;
    this.#reservedBytes += bytes;
    return { capture: new BodyCapture(this.#limits.bodyBytes), status: 0, headers: [] };
  }

  /** Releases the room without a copy. */
  giveUp(slice: string, reason: DropReason): void {
    this.#release();
    this.#drop(slice, reason);
  }

  /** Asks the side that did not serve, and hands both answers over. */
  async copy(ticket: CopyTicket, served: ServedExchange, liveMs: number, span?: SendSpan): Promise<void> {
    const at = this.#clock();
    const copied = await this.#asker.ask(otherSide(served.servedBy), served);
    this.#release();
    if ('failed' in copied) span?.end(0, copied.failed.split(':', 1)[0]);
    else span?.end(copied.status, undefined);
    this.#hooks.copied(served.slice, 'failed' in copied ? 'failed' : 'answered');
    const live = answered(ticket, liveMs);
    const [legacy, candidate] = served.servedBy === 'legacy' ? [live, copied] : [copied, live];
    const observation = { ...served, at, legacy, candidate };
    this.#hooks.observe({ ...observation, seal: this.#asker.seal(observation) });
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

function answered({ capture, status, headers }: CopyTicket, durationMs: number): ObservedResponse {
  const { truncated } = capture;
  return { status, headers: toPairs(headers), body: capture.toBuffer(), truncated, durationMs };
}
