/** Owners and epochs for the proxies: the whole state on connecting, and again after every change. */
import type { StateEvent } from '@ficus/core';
import type { SliceStates } from '../store/slice-states.ts';

export class StateHub {
  readonly #states: SliceStates;
  readonly #listeners = new Set<(event: StateEvent) => void>();

  constructor(states: SliceStates) {
    this.#states = states;
  }

  snapshot(): StateEvent {
    return {
      slices: Object.fromEntries(
        [...this.#states.all()].map(([name, { retired: _, ...state }]) => [name, state]),
      ),
    };
  }

  /** Sends the snapshot to every listener. */
  announce(): void {
    const event = this.snapshot();
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns a function that unsubscribes. */
  subscribe(listener: (event: StateEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
