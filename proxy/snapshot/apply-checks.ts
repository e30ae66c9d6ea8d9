/** Applies what health checks found out to the upstreams of a snapshot; those without a verdict are taken for healthy. */
import type { CheckedUpstream } from '../resilience/checked-upstream.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { LiveSnapshot } from './live-snapshot.ts';
import type { LiveUpstream } from './live-upstream.ts';

export function applyChecks(snapshot: LiveSnapshot, checked: readonly CheckedUpstream[]): void {
  const verdicts = new Map(checked.map((verdict) => [verdict.name, verdict]));
  const apply = (serving: LiveUpstream, copies: Upstream): void => {
    const { unhealthy = false, avoid = [] } = verdicts.get(serving.upstream.name) ?? {};
    serving.failsChecks = unhealthy;
    serving.upstream.avoid(avoid);
    copies.avoid(avoid);
  };
  apply(snapshot.legacy, snapshot.legacyCopies);
  for (const { candidate, candidateCopies } of snapshot.slices.values()) apply(candidate, candidateCopies);
}
