/**
 * Owners and epochs for the proxies, and which other side lacks data: the whole state on connecting, and again after
 * every change.
 */
import type { Lack, SliceState, StateEvent } from '@ficus/core';
import { findLack } from '../replications/find-lack.ts';
import type { ReplicationSet } from '../replications/replication-set.ts';
import type { SliceStates } from '../store/slice-states.ts';

export class StateHub {
  readonly #states: SliceStates;
  readonly #replications: ReplicationSet;
  readonly #unsubscribe: () => void;
  #sent = '';
  readonly #listeners = new Set<(event: StateEvent) => void>();

  constructor(states: SliceStates, replications: ReplicationSet) {
    this.#states = states;
    this.#replications = replications;
    this.#unsubscribe = replications.subscribe(() => this.#moved());
  }

  snapshot(): StateEvent {
    return {
      slices: Object.fromEntries(
        [...this.#states.all()].map(([name, { retired: _, ...state }]) => [
          name,
          this.#withLack(name, state),
        ]),
      ),
    };
  }

  stop(): void {
    this.#unsubscribe();
  }

  #withLack(slice: string, state: SliceState): SliceState {
    const lacks = this.#lackOf(slice);
    return lacks === undefined ? state : { ...state, lacks };
  }

  #lackOf(slice: string): Lack | null | undefined {
    const status = this.#replications.status(slice);
    return status && findLack(status, this.#replications.copied(slice));
  }

  /** By name; what is not known (null) differs from what lacks nothing. */
  #lacking(): string {
    return JSON.stringify(
      Object.fromEntries(this.#replications.slices.map((slice) => [slice, this.#lackOf(slice)])),
    );
  }

  #moved(): void {
    if (this.#lacking() !== this.#sent) this.announce();
  }

  /** Sends the snapshot to every listener. */
  announce(): void {
    this.#sent = this.#lacking();
    const event = this.snapshot();
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns a function that unsubscribes. */
  subscribe(listener: (event: StateEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
