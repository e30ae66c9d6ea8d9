/**
 * What each worker has reported: that it listens, which config and owners it has, how many pins it holds, how its drain
 * ended.
 */
import { addTo } from '../observe/add-to.ts';

/** How a drain of all workers ended. */
export interface DrainEnd {
  /** Requests that workers say they ended at the deadline. */
  readonly cut: number;
  /** Workers that served, and ended without saying how many they cut: killed, or crashed. */
  readonly silent: number;
  /** Requests in progress at those, by their last report. */
  readonly lastInProgress: number;
}

interface WorkerAck {
  readonly generation: number;
  /** Slice → epoch. */
  readonly epochs: Readonly<Record<string, number>>;
}

export class WorkerBook {
  readonly #acks = new Map<number, WorkerAck>();
  readonly #pins = new Map<number, number>();
  readonly #listening = new Set<number>();
  readonly #gauges = new Map<number, Readonly<Record<string, number>>>();
  readonly #drained = new Set<number>();
  #drainEnd: DrainEnd = NOTHING_CUT;

  listens(worker: number): void {
    this.#listening.add(worker);
  }

  acknowledged(worker: number, ack: WorkerAck): void {
    this.#acks.set(worker, ack);
  }

  holdsPins(worker: number, pins: number): void {
    this.#pins.set(worker, pins);
  }

  measured(worker: number, values: Readonly<Record<string, number>>): void {
    this.#gauges.set(worker, values);
  }

  /** Requests that workers cut before this drain of all belong to their own. */
  drainBegins(): void {
    this.#drainEnd = NOTHING_CUT;
  }

  drained(worker: number, cut: number): void {
    this.#drained.add(worker);
    this.#drainEnd = { ...this.#drainEnd, cut: this.#drainEnd.cut + cut };
  }

  get drainEnd(): DrainEnd {
    return this.#drainEnd;
  }

  gone(worker: number): void {
    if (!this.#drained.delete(worker) && this.#listening.has(worker)) this.#endsSilently(worker);
    this.#acks.delete(worker);
    this.#pins.delete(worker);
    this.#listening.delete(worker);
    this.#gauges.delete(worker);
  }

  #endsSilently(worker: number): void {
    const { cut, silent, lastInProgress } = this.#drainEnd;
    const { ficus_requests_in_progress: requests = 0 } = this.#gauges.get(worker) ?? {};
    this.#drainEnd = { cut, silent: silent + 1, lastInProgress: lastInProgress + requests };
  }

  /** How many workers accept connections, without those just started. */
  get serving(): number {
    return this.#listening.size;
  }

  /** The generation that all workers run. */
  get generation(): number {
    const generations = [...this.#acks.values()].map((ack) => ack.generation);
    return generations.length > 0 ? Math.min(...generations) : 0;
  }

  /** An epoch counts as applied when every worker has it. */
  epochs(slices: readonly string[]): Record<string, number> {
    const all = [...this.#acks.values()].map((ack) => ack.epochs);
    if (all.length === 0) return {};
    return Object.fromEntries(
      slices.map((name) => [name, Math.min(...all.map((epochs) => epochs[name] ?? 0))]),
    );
  }

  /** Sums over all workers, by series. */
  get gauges(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const values of this.#gauges.values()) addTo(all, values);
    return all;
  }

  /** All workers hold the same pins; the greatest number is the newest. */
  get pins(): number {
    return Math.max(0, ...this.#pins.values());
  }
}

const NOTHING_CUT: DrainEnd = { cut: 0, silent: 0, lastInProgress: 0 };
