/**
 * Observations on their way to the control plane: bounded in bytes, sent in batches, one batch at a time.
 * What does not fit is dropped and counted; no request waits.
 */
import { type DropReason, encodeObservation, type Observation, type ObservationBatch } from '@ficus/core';

interface ObservationQueueOptions {
  readonly send: (batch: ObservationBatch) => Promise<void>;
  readonly onDropped: (slice: string, reason: DropReason) => void;
  readonly limitBytes?: number;
}

const LIMIT_BYTES = 32 * 1024 * 1024;
const BATCH_BYTES = 1024 * 1024;
const BATCH_LENGTH = 100;
const GATHER_MS = 20;

interface Queued {
  readonly observation: Observation;
  readonly bytes: number;
}

export class ObservationQueue {
  readonly #options: ObservationQueueOptions;
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

  /** Sends the rest; resolves when it is sent or lost. After a refused batch, the rest is not tried. */
  async flush(): Promise<void> {
    while (this.#sending || this.#queue.length > 0) {
      const arrived = await (this.#sending ?? this.#sendBatch());
      if (arrived) continue;
      this.#bytes = 0;
      this.#drop(this.#queue.splice(0));
    }
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending || this.#queue.length === 0) return;
    void this.#sendBatch().then(() => this.#send());
  }

  #sendBatch(): Promise<boolean> {
    const batch = this.#takeBatch();
    this.#sending = this.#encodeAndSend(batch).then(
      () => this.#sent(true),
      () => {
        this.#drop(batch);
        return this.#sent(false);
      },
    );
    return this.#sending;
  }

  async #encodeAndSend(batch: readonly Queued[]): Promise<void> {
    const observations = batch.map(({ observation }) => encodeObservation(observation));
    await this.#options.send({ observations });
  }

  #sent(arrived: boolean): boolean {
    this.#sending = undefined;
    return arrived;
  }

  #drop(lost: readonly Queued[]): void {
    for (const { observation } of lost) this.#options.onDropped(observation.slice, 'control-unreachable');
  }

  #takeBatch(): Queued[] {
    let bytes = 0;
    let length = 0;
    while (length < this.#queue.length && length < BATCH_LENGTH && bytes < BATCH_BYTES) {
      bytes += this.#queue[length]!.bytes;
      length += 1;
    }
    this.#bytes -= bytes;
    return this.#queue.splice(0, length);
  }
}

function sizeOf({ target, requestHeaders, legacy, candidate }: Observation): number {
  let bytes = 1_000 + target.length * 3 + lengthOf(requestHeaders);
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
