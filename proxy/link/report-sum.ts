/**
 * Counts that the next report to the control plane will carry; they survive reports that could not be
 * delivered.
 */
import type { DroppedCopies, ProxyReport, TrafficCount } from '@ficus/core';
import type { CountersDelta } from '../observe/traffic-counters.ts';

type Counts = Pick<ProxyReport, 'traffic' | 'droppedCopies'>;

export class ReportSum {
  readonly #traffic = new Map<string, TrafficCount>();
  readonly #dropped = new Map<string, DroppedCopies>();

  get empty(): boolean {
    return this.#traffic.size === 0 && this.#dropped.size === 0;
  }

  add(delta: Pick<CountersDelta, 'traffic' | 'droppedCopies'>): void {
    this.putBack(delta);
  }

  take(): Counts {
    const counts = { traffic: [...this.#traffic.values()], droppedCopies: [...this.#dropped.values()] };
    this.#traffic.clear();
    this.#dropped.clear();
    return counts;
  }

  putBack({ traffic, droppedCopies }: Counts): void {
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
}

function addTraffic(a: TrafficCount, b: TrafficCount): TrafficCount {
  return {
    ...a,
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    durationMs: a.durationMs + b.durationMs,
  };
}
