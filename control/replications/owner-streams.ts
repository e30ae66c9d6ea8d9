/**
 * For each slice the stream that carries its owner's changes to the other side: forward while the legacy owns it, back
 * while the candidate does. Positions, progress and what the other side lacks are always of this one.
 */
import type { Lack, ReplicationStatus, Side } from '@ficus/core';
import { findLack } from './find-lack.ts';
import type { ReplicationPort, ReplicationSet } from './replication-set.ts';
import type { ReverseStreams } from './reverse-streams.ts';

export class OwnerStreams {
  readonly #forward: ReplicationSet;
  readonly #reverse: Pick<ReverseStreams, 'port' | 'status' | 'subscribe'>;
  readonly #ownerOf: (slice: string) => Side;

  constructor(
    forward: ReplicationSet,
    reverse: Pick<ReverseStreams, 'port' | 'status' | 'subscribe'>,
    ownerOf: (slice: string) => Side,
  ) {
    this.#forward = forward;
    this.#reverse = reverse;
    this.#ownerOf = ownerOf;
  }

  /** With tables. */
  get slices(): readonly string[] {
    return this.#forward.slices;
  }

  port(slice: string): ReplicationPort | undefined {
    return this.#isBack(slice) ? this.#reverse.port(slice) : this.#forward.port(slice);
  }

  status(slice: string): ReplicationStatus | undefined {
    return this.#isBack(slice) ? this.#reverse.status(slice) : this.#forward.status(slice);
  }

  /** Whether the other side has had every row; undefined while that is not known. */
  copied(slice: string): boolean | undefined {
    return this.#isBack(slice) ? this.#reverse.status(slice) !== undefined : this.#forward.copied(slice);
  }

  /** What the other side lacks, as find-lack.ts; without a stream back it lacks what the candidate writes. */
  lackOf(slice: string): Lack | null | undefined {
    const status = this.status(slice);
    if (!status) return this.#isBack(slice) ? 'changes' : undefined;
    return findLack(status, this.copied(slice));
  }

  /** Called whenever either stream of a slice changes. Returns a function that unsubscribes. */
  subscribe(listener: (slice: string) => void): () => void {
    const ways = [this.#forward.subscribe(listener), this.#reverse.subscribe(listener)];
    return () => {
      for (const leave of ways) leave();
    };
  }

  #isBack(slice: string): boolean {
    return this.#ownerOf(slice) === 'candidate';
  }
}
