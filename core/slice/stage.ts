/** The stage of a slice: always derived from flags and owner, never stored beside them. */
import { type Word, wordsOf } from '../words/word.ts';
import type { Side } from './side.ts';

/** In the order of a migration. */
export const stages = {
  legacy: {
    means: 'The legacy serves; nothing is compared.',
    action: '`ficus shadow SLICE PERCENT` starts comparing.',
  },
  shadow: {
    means: 'The legacy serves; copies of reads go to the candidate and are compared.',
    action: '`ficus serve SLICE PERCENT` moves reads.',
  },
  canary: {
    means: 'The candidate serves a share of the reads.',
    action: 'Raise the share, or bring it back to 0.',
  },
  live: {
    means: 'The candidate serves all reads; the legacy still owns the writes of a slice with tables.',
    action:
      '`ficus cutover SLICE --dry-run` says what moving the writes needs; `ficus serve SLICE PERCENT` brings reads back.',
  },
  cutover: {
    means: 'The candidate owns the writes; the legacy follows by the stream back.',
    action: '`ficus rollback SLICE` gives the writes back; `ficus retire SLICE` ends the way back.',
  },
  retired: {
    means: 'The candidate owns the slice for good: both streams have ended, and there is no way back.',
    action: 'Delete the slice’s code and tables from the monolith.',
  },
} as const satisfies Record<string, Word>;

export type Stage = keyof typeof stages;

export const STAGES = wordsOf<Stage>(stages);

export interface StageFacts {
  /** Share of reads the candidate serves, 0–100. */
  readonly servePercent: number;
  /** Share of requests copied to the side that does not serve, 0–100. */
  readonly shadowPercent: number;
  readonly owner: Side;
  readonly retired: boolean;
}

/** The stage that follows from the facts. */
export function deriveStage(facts: StageFacts): Stage {
  if (facts.retired) return 'retired';
  if (facts.owner === 'candidate') return 'cutover';
  if (facts.servePercent >= 100) return 'live';
  if (facts.servePercent > 0) return 'canary';
  return facts.shadowPercent > 0 ? 'shadow' : 'legacy';
}
