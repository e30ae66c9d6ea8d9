/** What a coordinator waits for, as text to compare: it is reported at once, all else with the next report. */
import type { SliceHold } from '@ficus/core';

export function newsOf(holds: Readonly<Record<string, SliceHold>>): string {
  return JSON.stringify(
    Object.entries(holds).map(([slice, { attempt, writes, inFlight, orphaned = 0, full }]) => [
      ...[slice, attempt, writes, full],
      // Under a lease writes come and go.
      ...(writes === 'held' ? [inFlight === 0, inFlight === orphaned] : []),
    ]),
  );
}
