/**
 * Which traced requests a batch of a slice's change stream may hold the writes of. A write is committed after what the
 * stream had applied when it began, and before the position taken after its answer. A fast stream has applied the batch
 * before that position is known: finished batches are held for a moment.
 *
 *     applied at its begin ────── its commit, somewhere here ────── position after its answer
 *               └── batch ──┘└── batch ──┘ : each of these links to it, as long as they are few
 *
 * Pure: the caller passes the time. Everything here is bounded: links help to read a trace, and nothing depends on them.
 */
import type { AppliedBatch } from '@ficus/cdc';

/** A traced write, once its position is known. */
export interface PlacedWrite {
  readonly traceparent: string;
  readonly after: bigint;
  readonly upTo: bigint;
}

export interface LinkedBatch {
  readonly batch: AppliedBatch;
  /** Traceparents. */
  readonly links: string[];
}

interface HeldBatch extends LinkedBatch {
  readonly dueAtMs: number;
}

interface WaitingWrite extends PlacedWrite {
  batches: number;
}

/** How long a batch waits for the positions of its writes. */
const HOLD_MS = 2_000;
const MOST_HELD = 1_000;
const MOST_WAITING = 1_000;
/** The SDK's own bound (OTEL_SPAN_LINK_COUNT_LIMIT). */
const MOST_LINKS = 128;
/** A request that may belong to more batches says nothing about any of them. */
const MOST_BATCHES = 8;

export class BatchLinks {
  #held: HeldBatch[] = [];
  /** Writes that the stream has not passed yet. */
  #waiting: WaitingWrite[] = [];
  /** End of the last batch that was handed over. */
  #handedOver = 0n;

  /** A batch has been applied. */
  applied(batch: AppliedBatch, nowMs: number): void {
    const held: HeldBatch = { batch, links: [], dueAtMs: nowMs + HOLD_MS };
    for (const write of this.#waiting) {
      if (!mayHold(batch, write)) continue;
      write.batches += 1;
      link(held, write);
    }
    this.#waiting = this.#waiting.filter(
      ({ upTo, batches }) => upTo > batch.lastLsn && batches < MOST_BATCHES,
    );
    this.#held.push(held);
  }

  /** A traced write has been answered, and its position is known. */
  place(write: PlacedWrite): void {
    // It may belong to a batch that nothing can be added to any more.
    if (write.after < this.#handedOver) return;
    const candidates = this.#held.filter(({ batch }) => mayHold(batch, write));
    if (candidates.length > MOST_BATCHES) return;
    for (const held of candidates) link(held, write);
    const last = this.#held.at(-1)?.batch.lastLsn ?? 0n;
    if (last >= write.upTo) return;
    this.#waiting.push({ ...write, batches: candidates.length });
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
  }

  /** The batches that have waited long enough, the oldest first. */
  takeDue(nowMs: number): readonly LinkedBatch[] {
    const tooMany = this.#held.length - MOST_HELD;
    const due = this.#held.filter(({ dueAtMs }, index) => dueAtMs <= nowMs || index < tooMany);
    this.#held = this.#held.slice(due.length);
    this.#handedOver = due.at(-1)?.batch.lastLsn ?? this.#handedOver;
    return due;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }
}

function mayHold({ firstLsn, lastLsn }: AppliedBatch, { after, upTo }: PlacedWrite): boolean {
  return lastLsn > after && firstLsn < upTo;
}

function link({ links }: LinkedBatch, { traceparent }: PlacedWrite): void {
  if (links.length < MOST_LINKS) links.push(traceparent);
}
