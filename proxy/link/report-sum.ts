/**
 * Counts on their way to the control plane. What has left under a number stays under it until its fate is known, and is
 * sent again as it was; later counts go into the next one. So the control plane can count each report once.
 */
import { type DroppedCopies, LARGEST_COUNT, LARGEST_DURATION_MS, type TrafficCount } from '@ficus/core';
import type { CountersDelta } from '../observe/traffic-counters.ts';

type Counts = Pick<CountersDelta, 'traffic' | 'droppedCopies'>;

interface NumberedCounts extends Counts {
  /** From 1, one more with each report. */
  readonly number: number;
}

export class ReportSum {
  readonly #traffic = new Map<string, TrafficCount>();
  readonly #dropped = new Map<string, DroppedCopies>();
  #number = 0;
  #unsettled: NumberedCounts | undefined;

  get empty(): boolean {
    return this.#unsettled === undefined && this.#traffic.size === 0 && this.#dropped.size === 0;
  }

  /** False while a report has left of which is not known whether it was taken. */
  get settled(): boolean {
    return this.#unsettled === undefined;
  }

  add({ traffic, droppedCopies }: Counts): void {
    for (const count of traffic) {
      const key = `${count.slice} ${count.route} ${count.side} ${count.reason}`;
      const before = this.#traffic.get(key);
      this.#traffic.set(key, before ? addTraffic(before, count) : count);
    }
    for (const dropped of droppedCopies) {
      const key = `${dropped.slice} ${dropped.reason}`;
      const copies = (this.#dropped.get(key)?.copies ?? 0) + dropped.copies;
      this.#dropped.set(key, { ...dropped, copies });
    }
  }

  /** For the next post: what left before and is not settled, otherwise everything since, perhaps nothing. */
  next(): NumberedCounts {
    this.#unsettled ??= this.#take();
    return this.#unsettled;
  }

  /** What `next` returned was taken, or refused for good. */
  settle(): void {
    this.#unsettled = undefined;
  }

  /** What one report may not carry stays: a long outage adds up to more. */
  #take(): NumberedCounts {
    const traffic: TrafficCount[] = [];
    const droppedCopies: DroppedCopies[] = [];
    for (const [key, count] of this.#traffic) {
      const part = firstPart(count);
      traffic.push(part);
      if (part === count) this.#traffic.delete(key);
      else this.#traffic.set(key, subtract(count, part));
    }
    for (const [key, dropped] of this.#dropped) {
      const copies = Math.min(dropped.copies, LARGEST_COUNT);
      droppedCopies.push({ ...dropped, copies });
      if (copies === dropped.copies) this.#dropped.delete(key);
      else this.#dropped.set(key, { ...dropped, copies: dropped.copies - copies });
    }
    this.#number += 1;
    return { number: this.#number, traffic, droppedCopies };
  }
}

function firstPart(count: TrafficCount): TrafficCount {
  const share = Math.min(1, LARGEST_COUNT / count.requests, LARGEST_DURATION_MS / count.durationMs);
  if (share === 1) return count;
  return {
    ...count,
    requests: Math.floor(count.requests * share),
    failures: Math.floor(count.failures * share),
    durationMs: Math.min(LARGEST_DURATION_MS, count.durationMs * share),
  };
}

const addTraffic = (a: TrafficCount, b: TrafficCount): TrafficCount => ({
  ...a,
  requests: a.requests + b.requests,
  failures: a.failures + b.failures,
  durationMs: a.durationMs + b.durationMs,
});

const subtract = (a: TrafficCount, b: TrafficCount): TrafficCount => ({
  ...a,
  requests: a.requests - b.requests,
  failures: a.failures - b.failures,
  durationMs: a.durationMs - b.durationMs,
});
