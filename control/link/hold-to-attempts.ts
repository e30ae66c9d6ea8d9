/**
 * Reduces a proxy's acknowledgement to the attempts that are under way, and decides which leases the answer renews. Pure;
 * called by the link for each acknowledgement.
 */
import type { EndlessWrites, FicusConfig, HoldReport, SliceHold, SliceState } from '@ficus/core';
import { printable } from '@ficus/core';

export interface TakenHolds {
  /** What counts, also where the answer is refused: the coordinator then waits longer for the proxy, which has no lease. */
  readonly slices: HoldReport['slices'];
  /** Slices whose leases are renewed. */
  readonly renewed: readonly string[];
  /** Why the first of the others is not, in a sentence. */
  readonly refusal: string | undefined;
}

export function holdToAttempts(
  { slices }: HoldReport,
  states: Readonly<Record<string, SliceState>>,
  config: FicusConfig,
): TakenHolds {
  const taken: [string, SliceHold][] = [];
  const renewed: string[] = [];
  let refusal: string | undefined;
  for (const [slice, hold] of Object.entries(slices)) {
    const state = Object.hasOwn(states, slice) ? states[slice] : undefined;
    if (state === undefined || state.writes === 'open' || state.attempt !== hold.attempt)
      refusal ??= `Attempt ${hold.attempt} of ${printable(slice)} is over.`;
    else {
      // By then the coordinator may have counted the proxy out: a lease would let it write again.
      if (state.writes === 'held' && hold.writes === 'leased')
        refusal ??= `Attempt ${hold.attempt} of ${slice} holds writes: there are no leases any more.`;
      else renewed.push(slice);
      taken.push([slice, holdRoutes(slice, hold, config)]);
    }
  }
  return { slices: Object.fromEntries(taken), renewed, refusal };
}

/** Names are the proxy's own words: of any others than the config's nothing is kept. */
function holdRoutes(slice: string, { endless, ...hold }: SliceHold, { slices }: FicusConfig): SliceHold {
  if (endless === undefined) return hold;
  const known = new Set(['writtenBy', ...(slices[slice]?.routes.map(({ id }) => id) ?? [])]);
  const held: EndlessWrites = Object.fromEntries(
    Object.entries(endless).filter(([route]) => known.has(route)),
  );
  return { ...hold, endless: held };
}
