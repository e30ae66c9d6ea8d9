/**
 * Whether a worker may send a slice's writes now: the slices' states as the primary passed them on, and the leases that the
 * control plane has granted to this proxy. A worker that starts during an attempt gets both before it listens.
 *
 * A worker that runs when an attempt begins has its first lease from that moment on, without an answer: the primary
 * acknowledges an attempt only when every worker has reported it, and a proxy is counted out a whole lease after its
 * acknowledgement has arrived. So no write waits for the first answer. A proxy that comes during an attempt and leaves again
 * before it has acknowledged is not counted: for one lease the fence alone refuses it, as it does one that was away all the time.
 */
import { INITIAL_SLICE_STATE, type SliceState } from '@ficus/core';
import { evaluatePassage, type Lease, type Leases, type Passage } from '../hold/evaluate-passage.ts';

type States = Readonly<Record<string, SliceState>>;
type Attempted = Exclude<SliceState, { writes: 'open' }>;

export class SliceStates {
  readonly #now: () => number;
  #states: ReadonlyMap<string, SliceState>;
  #leases: Leases;
  #firstLeases: Leases = {};

  /** @param now the clock of the leases */
  constructor(states: States, leases: Leases, now: () => number) {
    this.#states = new Map(Object.entries(states));
    this.#leases = leases;
    this.#now = now;
  }

  /** Called before the worker reports that it has applied them. */
  replace(states: States): void {
    this.#firstLeases = Object.fromEntries(
      Object.entries(states).flatMap(([slice, state]): [string, Lease][] => {
        const lease = this.#firstLease(slice, state);
        return lease ? [[slice, lease]] : [];
      }),
    );
    this.#states = new Map(Object.entries(states));
  }

  #firstLease(slice: string, state: SliceState): Lease | undefined {
    if (state.writes !== 'leased') return undefined;
    const before = this.of(slice);
    if (before.writes !== 'open' && before.attempt === state.attempt) return this.#firstLeases[slice];
    return { attempt: state.attempt, untilMs: this.#now() + state.leaseMs };
  }

  renew(leases: Leases): void {
    this.#leases = leases;
  }

  of(slice: string): SliceState {
    return this.#states.get(slice) ?? INITIAL_SLICE_STATE;
  }

  passage(slice: string): Passage {
    const state = this.of(slice);
    return state.writes === 'open' ? 'pass' : evaluatePassage(state, this.#leaseOf(slice, state), this.#now);
  }

  #leaseOf(slice: string, { attempt }: Attempted): Lease | undefined {
    const granted = this.#leases[slice];
    // It is the later one: it counts from an acknowledgement.
    return granted?.attempt === attempt ? granted : this.#firstLeases[slice];
  }

  /** Longest wait of a held write. */
  waitMs(slice: string): number {
    const state = this.of(slice);
    return state.writes === 'open' ? 0 : state.waitMs;
  }

  /** Slices that an attempt is about. */
  attempted(): readonly (readonly [slice: string, state: Attempted])[] {
    return [...this.#states].flatMap(([slice, state]) =>
      state.writes === 'open' ? [] : [[slice, state] as const],
    );
  }

  observed(): ReadonlySet<string> {
    return new Set([...this.#states].flatMap(([slice, { observed }]) => (observed ? slice : [])));
  }
}
