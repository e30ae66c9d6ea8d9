/**
 * Owners and epochs for the proxies, whether writes are held, and which other side lacks data: the whole state on
 * connecting, and again after every change.
 */
import type { SliceState, StateEvent } from '@ficus/core';
import type { WriteStates } from '../cutover/write-states.ts';
import type { OwnerStreams } from '../replications/owner-streams.ts';
import type { SliceStates, StoredSlice } from '../store/slice-states.ts';

type StreamsOfOwners = Pick<OwnerStreams, 'slices' | 'lackOf' | 'subscribe'>;

export class StateHub {
  readonly #states: Pick<SliceStates, 'all'>;
  readonly #writes: Pick<WriteStates, 'of'>;
  readonly #streams: StreamsOfOwners;
  readonly #observes: (slice: string) => boolean;
  readonly #unsubscribe: () => void;
  #sent = '';
  readonly #listeners = new Set<(event: StateEvent) => void>();

  /** @param observes whether proxies are to report when they write a slice */
  constructor(
    states: Pick<SliceStates, 'all'>,
    writes: Pick<WriteStates, 'of'>,
    streams: StreamsOfOwners,
    observes: (slice: string) => boolean = () => false,
  ) {
    this.#observes = observes;
    this.#states = states;
    this.#writes = writes;
    this.#streams = streams;
    this.#unsubscribe = streams.subscribe(() => this.#moved());
  }

  snapshot(): StateEvent {
    return {
      slices: Object.fromEntries(
        [...this.#states.all()].map(([name, stored]) => [name, this.#stateOf(name, stored)]),
      ),
    };
  }

  stop(): void {
    this.#unsubscribe();
  }

  #stateOf(slice: string, stored: StoredSlice): SliceState {
    const state = this.#writes.of(slice, stored);
    const lacks = this.#streams.lackOf(slice);
    return {
      ...state,
      ...(lacks !== undefined && { lacks }),
      ...(this.#observes(slice) && { observed: true }),
    };
  }

  /** By name; what is not known (null) differs from what lacks nothing. */
  #lacking(): string {
    return JSON.stringify(
      Object.fromEntries(this.#streams.slices.map((slice) => [slice, this.#streams.lackOf(slice)])),
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
