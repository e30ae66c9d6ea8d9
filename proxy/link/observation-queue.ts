/**
 * Observations on their way to the control plane: bounded in bytes, sent in batches, one batch at a time.
 * What does not fit is dropped and counted; no request waits. A control plane that says that it is busy is asked again each
 * second. A batch without an answer is sent once more, with its number, by which the control plane knows one that it has
 * taken, and with the time since that post left, by which it knows one that an earlier process may have taken.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  type DropReason,
  type ErrorCode,
  encodeObservation,
  type Observation,
  type ObservationBatch,
} from '@ficus/core';
import { PostFailure } from './post-json.ts';

interface ObservationQueueOptions {
  /** @throws PostFailure, also when the signal ends it */
  readonly send: (batch: ObservationBatch, signal: AbortSignal) => Promise<void>;
  readonly onDropped: (slice: string, reason: DropReason) => void;
  readonly limitBytes?: number;
}

const LIMIT_BYTES = 32 * 1024 * 1024;
const BATCH_BYTES = 1024 * 1024;
const BATCH_LENGTH = 100;
const GATHER_MS = 20;
const FIRST_TRY_MS = 5_000;
/** A control plane that stalls for a moment answers after it. */
const SECOND_TRY_MS = 15_000;
/** The control plane has too much to compare, and has taken nothing. Any other refusal stays one a second later. */
const BUSY: ErrorCode = 'FICUS_CONTROL_TOO_MANY_BATCHES';
const BUSY_WAIT_MS = 1_000;
const MOST_BUSY_WAITS = 20;

interface Queued {
  readonly observation: Observation;
  readonly bytes: number;
}

interface Lost {
  readonly reason: DropReason;
  /** When the last post left: those before it were certainly not taken. In milliseconds of `performance.now()`. */
  readonly sentAt: number;
}

export class ObservationQueue {
  readonly #options: ObservationQueueOptions;
  /** Numbers are of one process: a worker that starts later has a name of its own. */
  readonly #sender = randomUUID();
  #number = 0;
  /** Ends the try in progress. */
  #cut: AbortController | undefined;
  /** The time for the rest is over: nothing is tried any more. */
  #isLate = false;
  #queue: Queued[] = [];
  #bytes = 0;
  /** The batch in progress, and whether it arrived. */
  #sending: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ObservationQueueOptions) {
    this.#options = options;
  }

  push(observation: Observation): void {
    const bytes = sizeOf(observation);
    if (this.#bytes + bytes > (this.#options.limitBytes ?? LIMIT_BYTES)) {
      this.#options.onDropped(observation.slice, 'observation-queue-full');
      return;
    }
    this.#queue.push({ observation, bytes });
    this.#bytes += bytes;
    if (this.#queue.length >= BATCH_LENGTH) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), GATHER_MS).unref();
  }

  /**
   * Sends the rest; resolves when it is sent or lost, at the latest after this time. After a batch that did not arrive,
   * the rest is not tried.
   */
  async flush(withinMs: number): Promise<void> {
    const late = setTimeout(() => {
      this.#isLate = true;
      this.#cut?.abort();
    }, withinMs);
    while (this.#sending || this.#queue.length > 0) {
      const arrived = await (this.#sending ?? this.#sendBatch());
      if (arrived && !this.#isLate) continue;
      this.#bytes = 0;
      this.#drop(this.#queue.splice(0), 'control-unreachable');
    }
    clearTimeout(late);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending || this.#isLate || this.#queue.length === 0) return;
    void this.#sendBatch().then(() => this.#send());
  }

  #sendBatch(): Promise<boolean> {
    this.#sending = this.#deliver(this.#takeBatch());
    return this.#sending;
  }

  /** @returns whether it arrived */
  async #deliver(batch: readonly Queued[]): Promise<boolean> {
    const lost = await this.#post(batch);
    if (lost !== undefined) this.#drop(batch, lost);
    this.#sending = undefined;
    return lost === undefined;
  }

  /** @returns why it is lost; undefined if it is not */
  async #post(queued: readonly Queued[]): Promise<DropReason | undefined> {
    const observations = queued.map(({ observation }) => encodeObservation(observation));
    this.#number += 1;
    const batch = { sender: this.#sender, number: this.#number, observations };
    const first = await this.#try(() => batch, FIRST_TRY_MS);
    if (first?.reason !== 'arrival-unknown' || this.#isLate) return first?.reason;
    const again = () => ({ ...batch, firstSentMs: Math.ceil(performance.now() - first.sentAt) });
    // Whatever is said of the second try: the first one may have been taken.
    return (await this.#try(again, SECOND_TRY_MS)) && 'arrival-unknown';
  }

  /** @param batchNow the batch for a post that leaves now */
  async #try(batchNow: () => ObservationBatch, timeoutMs: number): Promise<Lost | undefined> {
    for (let waits = 0; ; waits += 1) {
      const sentAt = performance.now();
      const failure = await this.#within(timeoutMs, (signal) => this.#failureOf(batchNow(), signal));
      if (failure === undefined) return undefined;
      if (failure.code !== BUSY || waits === MOST_BUSY_WAITS || this.#isLate)
        return { reason: failure.mayBeTaken ? 'arrival-unknown' : 'control-unreachable', sentAt };
      await this.#within(BUSY_WAIT_MS, (signal) => once(signal, 'abort'));
      if (this.#isLate) return { reason: 'control-unreachable', sentAt };
    }
  }

  async #failureOf(batch: ObservationBatch, signal: AbortSignal): Promise<PostFailure | undefined> {
    try {
      await this.#options.send(batch, signal);
      return undefined;
    } catch (error) {
      return error instanceof PostFailure ? error : new PostFailure(String(error), false);
    }
  }

  /** Ends what it does after this time, or when the time for everything is over. */
  async #within<Result>(ms: number, act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const cut = new AbortController();
    this.#cut = cut;
    const timer = setTimeout(() => cut.abort(), ms);
    try {
      return await act(cut.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #drop(lost: readonly Queued[], reason: DropReason): void {
    for (const { observation } of lost) this.#options.onDropped(observation.slice, reason);
  }

  #takeBatch(): Queued[] {
    let bytes = 0;
    let length = 0;
    for (const next of this.#queue.slice(0, BATCH_LENGTH)) {
      // One that is larger travels alone.
      if (length > 0 && bytes + next.bytes > BATCH_BYTES) break;
      bytes += next.bytes;
      length += 1;
    }
    this.#bytes -= bytes;
    return this.#queue.splice(0, length);
  }
}

function sizeOf({ target, caller, requestHeaders, legacy, candidate }: Observation): number {
  const { user = '', tenant = '' } = caller === 'anonymous' ? {} : caller;
  let bytes = 1_000 + target.length * 3 + user.length + tenant.length + lengthOf(requestHeaders);
  for (const side of [legacy, candidate]) {
    if (!('failed' in side)) bytes += side.body.length + lengthOf(side.headers);
  }
  return bytes;
}

function lengthOf(fields: Observation['requestHeaders']): number {
  let length = 0;
  for (const [name, value] of fields) length += 32 + name.length + value.length;
  return length;
}
