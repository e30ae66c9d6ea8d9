/** The faults of a round: drawn from the seed, with every kind in turn. */
import { FAILPOINTS } from '../../cdc/failpoints.ts';
import type { Random } from './random.ts';

export type Fault =
  | { readonly kind: 'kill-at'; readonly failpoint: string; readonly count: number }
  | {
      readonly kind: 'kill' | 'cut-source' | 'cut-target' | 'cut-both' | 'stall' | 'halve';
      readonly afterMs: number;
    }
  | {
      readonly kind: 'restart-source' | 'restart-target';
      readonly afterMs: number;
      readonly how: 'kill' | 'stop';
    };

export interface RoundPlan {
  /** Whether the stream starts over, with its first copy. */
  readonly fresh: boolean;
  readonly faults: readonly Fault[];
  readonly busyMs: number;
}

/** Only a new stream passes the failpoints of the first copy. */
const ONLY_FRESH = new Set([
  'slot-created',
  'checkpoint-created',
  'chunk-read',
  'before-chunk-write',
  'after-chunk-write',
]);

export function planRound(round: number, random: Random): RoundPlan {
  const failpoint = FAILPOINTS[round % FAILPOINTS.length] as string;
  // Every other round dies at a named place, each place in turn; the others at a random place.
  const named = random.chance(0.5);
  const fresh = round === 0 || (named && ONLY_FRESH.has(failpoint)) || random.chance(0.1);
  const busyMs = 300 + random.int(500);
  const at = () => random.int(busyMs);
  const faults: Fault[] = named ? [{ kind: 'kill-at', failpoint, count: 1 + random.int(4) }] : [];
  const more = 1 + random.int(2);
  for (let n = faults.length; n < more; n += 1) {
    const roll = random.next();
    if (roll < 0.4) faults.push({ kind: 'kill', afterMs: at() });
    else if (roll < 0.55) faults.push({ kind: 'cut-source', afterMs: at() });
    else if (roll < 0.7) faults.push({ kind: 'cut-target', afterMs: at() });
    else if (roll < 0.78) faults.push({ kind: 'cut-both', afterMs: at() });
    else if (roll < 0.82) faults.push({ kind: 'stall', afterMs: at() });
    else if (roll < 0.86) faults.push({ kind: 'halve', afterMs: at() });
    else if (roll < 0.93)
      faults.push({ kind: 'restart-source', afterMs: at(), how: random.chance(0.6) ? 'kill' : 'stop' });
    else faults.push({ kind: 'restart-target', afterMs: at(), how: random.chance(0.6) ? 'kill' : 'stop' });
  }
  return { fresh, faults, busyMs };
}

export function describeFault(fault: Fault): string {
  if (fault.kind === 'kill-at') return `SIGKILL at ${fault.failpoint}:${fault.count}`;
  return `${fault.kind}${'how' in fault ? ` (${fault.how})` : ''} after ${fault.afterMs} ms`;
}
