/** Step 7: the copy of a request that was served, as the other side would have been asked. */
import type { IncomingMessage } from 'node:http';
import { otherSide, type Side } from '@ficus/core';
import type { InspectedHead } from '../accept/inspect-head.ts';
import type { ShadowPlan } from '../mirror/shadow-plan.ts';
import type { LiveRoute, LiveSnapshot } from '../snapshot/live-snapshot.ts';
import { type CallerFacts, fieldsFor, removedFor, targetFor } from './outgoing-head.ts';

export interface ServedRequest {
  readonly snapshot: LiveSnapshot;
  readonly route: LiveRoute;
  readonly servedBy: Side;
  readonly request: IncomingMessage;
  readonly head: InspectedHead;
  readonly caller: CallerFacts;
  readonly durationMs: number;
}

export function sendShadow(plan: ShadowPlan, served: ServedRequest): void {
  const { snapshot, route, servedBy, request, head, caller, durationMs } = served;
  const other = otherSide(servedBy);
  const rewritten = other === 'candidate' ? route : undefined;
  const { upstream } = rewritten ? route.slice.candidateCopies : snapshot.legacyCopies;
  plan.send(
    {
      slice: route.slice.name,
      route: route.config.id,
      name: caller.name,
      servedBy,
      request,
      durationMs,
    },
    {
      upstream,
      target: targetFor(upstream, rewritten, request, head),
      set: fieldsFor(other, route, snapshot, request, head, caller),
      removed: removedFor(other, route, snapshot, request),
    },
  );
}
