/** Step 7: the copy of a request that was served, as the other side would have been asked. */
import { otherSide } from '@ficus/core';
import type { ShadowPlan } from '../mirror/shadow-plan.ts';
import { fieldsFor, removedFor, targetFor } from './outgoing-head.ts';
import type { RequestState } from './request-state.ts';

/** @param durationMs of the live exchange */
export function sendShadow(plan: ShadowPlan, state: RequestState, durationMs: number): void {
  const { snapshot, request, name, side } = state;
  const route = state.route!;
  const other = otherSide(side);
  const { upstream } = other === 'candidate' ? route.slice.candidateCopies : snapshot.legacyCopies;
  plan.send(
    {
      slice: route.slice.name,
      route: route.config.id,
      name,
      servedBy: side,
      request,
      durationMs,
    },
    {
      upstream,
      target: targetFor(upstream, other, state),
      set: fieldsFor(other, state),
      removed: removedFor(other, state),
    },
  );
}
