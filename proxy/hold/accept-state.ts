/**
 * Is a slice's state newer than the known one? Epochs and attempts only grow. A state of the past must not open what is
 * held, nor hold again what was released: it may come from a control plane that has been replaced. Pure; asked by the
 * primary for each state that arrives.
 */
import type { SliceState } from '@ficus/core';

export interface KnownState {
  readonly state: SliceState;
  /** The newest attempt of which this proxy knows, also by the epoch: an attempt that succeeded is the epoch. */
  readonly attempt: number;
}

/** @returns undefined for a state of the past */
export function acceptState(known: KnownState | undefined, next: SliceState): KnownState | undefined {
  if (next.writes !== 'open' && !mayBeUnderWay(next)) return undefined;
  const attempt = next.writes === 'open' ? next.epoch : next.attempt;
  if (known === undefined) return { state: next, attempt };
  if (next.epoch < known.state.epoch) return undefined;
  if (next.writes === 'open') return { state: next, attempt: Math.max(known.attempt, attempt) };
  if (attempt < known.attempt) return undefined;
  if (attempt === known.attempt && isBehind(known.state, next)) return undefined;
  return { state: next, attempt };
}

/**
 * Between the journal and the release the attempt is the epoch, and writes are held: a proxy that starts then must hold
 * them, too.
 */
const mayBeUnderWay = ({ epoch, attempt, writes }: Exclude<SliceState, { writes: 'open' }>): boolean =>
  attempt > epoch || (attempt === epoch && writes === 'held');

/** Within one attempt: open ends it, and held follows leased. */
const isBehind = (known: SliceState, next: SliceState): boolean =>
  known.writes === 'open' || (known.writes === 'held' && next.writes === 'leased');
