/** Where a slice stands: always derived from flags and owner, never stored beside them. */
import type { Side } from './side.ts';

export type Stage = 'legacy' | 'shadow' | 'canary' | 'live' | 'cutover' | 'retired';

export interface StageFacts {
  /** Share of reads the candidate serves, 0–100. */
  readonly servePercent: number;
  /** Share of requests copied to the side that does not serve, 0–100. */
  readonly shadowPercent: number;
  readonly owner: Side;
  readonly retired: boolean;
}

/** The stage that the facts amount to. */
export function deriveStage(facts: StageFacts): Stage {
  if (facts.retired) return 'retired';
  if (facts.owner === 'candidate') return 'cutover';
  if (facts.servePercent >= 100) return 'live';
  if (facts.servePercent > 0) return 'canary';
  return facts.shadowPercent > 0 ? 'shadow' : 'legacy';
}
