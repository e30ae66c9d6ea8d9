/**
 * How far each slice's stream is, for the proxies, which release pinned users accordingly. Sent at once when it moved,
 * at most every 10 ms, and checked twice a second for streams without progress.
 */
import type { ProgressEvent, SliceProgress } from '@ficus/core';
import { evaluateHealth } from '../replications/evaluate-health.ts';
import type { OwnerStreams } from '../replications/owner-streams.ts';

const LEAST_GAP_MS = 10;
const LOOK_MS = 500;

export class ProgressHub {
  readonly #streams: OwnerStreams;
  readonly #listeners = new Set<(event: ProgressEvent) => void>();
  readonly #sent = new Map<string, string>();
  #lastSentAt = 0;
  #pending: NodeJS.Timeout | undefined;
  readonly #looking: NodeJS.Timeout;
  readonly #unsubscribe: () => void;

  constructor(streams: OwnerStreams) {
    this.#streams = streams;
    this.#unsubscribe = streams.subscribe(() => this.#moved());
    this.#looking = setInterval(() => this.#moved(), LOOK_MS);
  }

  /** Everything, for a proxy that has just connected. */
  snapshot(): ProgressEvent {
    const slices: Record<string, SliceProgress> = {};
    for (const slice of this.#streams.slices) slices[slice] = this.#progressOf(slice);
    return { slices };
  }

  /** Called with the slices whose stream moved. Returns a function that unsubscribes. */
  subscribe(listener: (event: ProgressEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends it at once: another stream counts now, whose positions are of another WAL. */
  sendAgain(slice: string): void {
    this.#sent.delete(slice);
    this.#send();
  }

  stop(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#pending);
    this.#unsubscribe();
  }

  #moved(): void {
    if (this.#pending) return;
    const wait = this.#lastSentAt + LEAST_GAP_MS - performance.now();
    if (wait <= 0) this.#send();
    else this.#pending = setTimeout(() => this.#send(), wait);
  }

  #send(): void {
    clearTimeout(this.#pending);
    this.#pending = undefined;
    const slices: Record<string, SliceProgress> = {};
    for (const slice of this.#streams.slices) {
      const progress = this.#progressOf(slice);
      const text = `${progress.appliedLsn} ${progress.healthy}`;
      if (this.#sent.get(slice) === text) continue;
      this.#sent.set(slice, text);
      slices[slice] = progress;
    }
    if (Object.keys(slices).length === 0) return;
    this.#lastSentAt = performance.now();
    for (const listener of this.#listeners) listener({ slices });
  }

  #progressOf(slice: string): SliceProgress {
    const status = this.#streams.status(slice);
    if (!status) return { appliedLsn: '0/0', healthy: false };
    const { healthy } = evaluateHealth(status, this.#streams.copied(slice));
    return { appliedLsn: status.appliedLsn, healthy };
  }
}
