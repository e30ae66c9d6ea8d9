/**
 * What changes in a request's head on its way to a side: target, fields that are set, fields that are removed. The same
 * for the live request and for its copy.
 */
import type { Side } from '@ficus/core';
import { clientPort } from '../accept/client-origin.ts';
import { appendForwardedFields } from '../accept/forwarded-fields.ts';
import { addCandidateFields } from '../ask/candidate-fields.ts';
import { targetForSide } from '../ask/side-target.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { FieldNames } from '../wire/request-head.ts';
import type { RequestState } from './request-state.ts';

/** Target for an upstream; undefined keeps it as it came, byte for byte. */
export function targetFor(
  upstream: Upstream,
  side: Side,
  { request, head, route }: RequestState,
): string | undefined {
  const rewrite = side === 'candidate' ? route?.rewrite : undefined;
  return targetForSide(upstream.basePath, rewrite, request.url!, head.path);
}

/** The client's fields that do not go to the side, in lower case. */
export function removedFor(side: Side, { head, name, route, snapshot }: RequestState): FieldNames {
  const own = side === 'candidate' ? route!.removeForCandidate : undefined;
  const removed = (own ?? snapshot.removed).for(head);
  return name.continued ? removed : removed.andTracestate;
}

/** Fields that are set on the way to the side, flat. */
export function fieldsFor(side: Side, state: RequestState): string[] {
  const { head, name, route, snapshot, sending } = state;
  const fields: string[] = [];
  appendForwardedFields(fields, head);
  if (snapshot.config.proxy.forwardedPort) fields.push('X-Forwarded-Port', clientPort(head));
  // Fields that the client names in Connection are removed, unless they are set here.
  const { requestId, namesFields } = head;
  const traceparent = sending?.traceparent ?? name.traceparent;
  if (namesFields || name.requestId !== requestId) fields.push('x-request-id', name.requestId);
  if (namesFields || traceparent !== head.traceparent) fields.push('traceparent', traceparent);
  if (head.maxForwards) fields.push('Max-Forwards', String(head.maxForwards - 1));
  if (side === 'legacy' || route === undefined) return fields;
  const { identity, host } = state;
  addCandidateFields(fields, route.rewrite, snapshot.assertion, identity, route.slice.name, host.now());
  return fields;
}
