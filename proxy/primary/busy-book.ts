/**
 * When observed slices had writes in flight, over all workers, until the control plane has it: the inventory of writers
 * compares it with what the fence has seen. What is reported twice is the same: an interval stays until a report with it was
 * answered.
 */
import type { BusyInterval, EndlessWrites, ProxyReport } from '@ficus/core';
import { mergeBusy } from '../hold/busy-time.ts';
import { sumEndless } from '../hold/sum-endless.ts';
import type { WorkerMessage } from '../worker/worker-messages.ts';
import type { SliceStates } from './control-state.ts';

type BusyMessage = Extract<WorkerMessage, { kind: 'busy' }>;
export type BusyFacts = Pick<ProxyReport, 'busy' | 'busyUntilMs' | 'endless'>;

export class BusyBook {
  readonly #intervals = new Map<string, readonly BusyInterval[]>();
  readonly #last = new Map<number, Pick<BusyMessage, 'untilMs' | 'endless'>>();

  take(worker: number, { slices, untilMs, endless }: BusyMessage): void {
    this.#last.set(worker, { untilMs, endless });
    for (const [slice, intervals] of Object.entries(slices)) this.#add(slice, intervals);
  }

  /**
   * @param open slice → its writes that are not known to be over
   * @param untilMs when they are certainly no longer executed
   */
  workerGone(worker: number, open: ReadonlyMap<string, number>, nowMs: number, untilMs: number): void {
    const fromMs = this.#last.get(worker)?.untilMs ?? nowMs;
    this.#last.delete(worker);
    for (const slice of open.keys()) this.#add(slice, [[fromMs, untilMs]]);
  }

  /**
   * For the next report; nothing while no slice is observed.
   * @param workers those that may send writes
   */
  facts(states: SliceStates, workers: readonly number[], nowMs: number): BusyFacts {
    const observed = Object.keys(states).filter((slice) => states[slice]!.observed === true);
    for (const slice of this.#intervals.keys()) if (!observed.includes(slice)) this.#intervals.delete(slice);
    if (observed.length === 0) return {};
    const untils = workers.map((worker) => this.#last.get(worker)?.untilMs);
    const isComplete = untils.every((until) => until !== undefined);
    const endless = this.#endless(workers, observed);
    return {
      busy: Object.fromEntries(observed.map((slice) => [slice, this.#intervals.get(slice) ?? []])),
      ...(isComplete ? { busyUntilMs: Math.min(nowMs, ...untils) } : {}),
      ...(Object.keys(endless).length > 0 ? { endless } : {}),
    };
  }

  /** A report with these facts was answered. */
  settle({ busy = {} }: BusyFacts): void {
    for (const [slice, sent] of Object.entries(busy)) {
      const isSent = ([from, to]: BusyInterval): boolean =>
        sent.some(([begin, end]) => begin <= from && to <= end);
      const left = this.#intervals.get(slice)?.filter((interval) => !isSent(interval));
      if (left !== undefined) this.#intervals.set(slice, left);
    }
  }

  #add(slice: string, intervals: readonly BusyInterval[]): void {
    this.#intervals.set(slice, mergeBusy([...(this.#intervals.get(slice) ?? []), ...intervals]));
  }

  #endless(workers: readonly number[], observed: readonly string[]): Record<string, EndlessWrites> {
    return Object.fromEntries(
      observed.flatMap((slice) => {
        const sum = sumEndless(workers.map((worker) => this.#last.get(worker)?.endless[slice]));
        return sum === undefined ? [] : [[slice, sum] as const];
      }),
    );
  }
}
