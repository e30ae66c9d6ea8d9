/** What each worker has reported: that it listens, which config and owners it has, how many pins it holds. */
import { addTo } from '../observe/add-to.ts';

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

  gone(worker: number): void {
    this.#acks.delete(worker);
    this.#pins.delete(worker);
    this.#listening.delete(worker);
    this.#gauges.delete(worker);
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
