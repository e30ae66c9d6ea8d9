/** Step 7: hands a served request to its shadow plan, rewritten for the other side. */
import { otherSide, type VerifiedCaller } from '@ficus/core';
import type { Identity } from '../identify/identity.ts';
import type { ShadowPlan } from '../mirror/shadow-plan.ts';
import { buildRequestHead } from '../wire/request-head.ts';
import { splitTarget } from '../wire/request-target.ts';
import { fieldsFor, removedFor } from './outgoing-head.ts';
import type { RequestState } from './request-state.ts';
import { beginSending } from './sending-span.ts';

/** @param durationMs of the live exchange */
export function sendShadow(plan: ShadowPlan, state: RequestState, durationMs: number): void {
  const { snapshot, request, head, name, decision, side } = state;
  const { slice, config } = state.route!;
  const { url, method } = request;
  // The authority of an absolute-form target is in the Host field.
  const target = url!.startsWith('/') ? url! : splitTarget(url!, method!).path;
  const asked = otherSide(side);
  const upstream = asked === 'legacy' ? snapshot.legacy.upstream : slice.candidate.upstream;
  const sending = beginSending(state, asked, upstream, true);
  const fields = side === 'legacy' ? plan.sentFields : fieldsForLegacy(state);
  plan.send(
    {
      slice: slice.name,
      route: config.id,
      requestId: name.requestId,
      traceId: name.traceId,
      method: method!,
      httpVersion: request.httpVersionMinor === 0 ? '1.0' : '1.1',
      target,
      targets: snapshot.asker.targets(slice.name, config.id, target, head.path),
      requestHeaders: pairsOf(fields, head.host !== '', sending?.traceparent),
      caller: snapshot.assertion === undefined ? 'anonymous' : verifiedCaller(state.identity),
      servedBy: side,
      owner: decision.state.owner,
      epoch: decision.state.epoch,
      pinned: decision.pinned,
    },
    durationMs,
    sending,
  );
}

/**
 * Without a user there is no assertion. Without `assert` the caller is not needed to ask again, and a user that is read
 * from a session's cookie is a secret.
 */
function verifiedCaller({ user, tenant }: Identity): VerifiedCaller {
  return user === undefined ? 'anonymous' : { user, tenant };
}

/** The candidate served: the request as the legacy would have got it. */
function fieldsForLegacy(state: RequestState): string[] {
  const sentFields: string[] = [];
  const changes = {
    setHeaders: fieldsFor('legacy', state),
    removeHeaders: removedFor('legacy', state),
    sentFields,
  };
  buildRequestHead(state.request, changes, state.snapshot.legacyCopies, 'copy');
  return sentFields;
}

/**
 * @param hasHost whether the client named a host; otherwise each side is asked under its own
 * @param traceparent of the copy, in place of the live request's
 */
function pairsOf(
  fields: readonly string[],
  hasHost: boolean,
  traceparent: string | undefined,
): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!;
    if (!hasHost && name === 'Host') continue;
    const isTrace = traceparent !== undefined && name.toLowerCase() === 'traceparent';
    pairs.push([name, isTrace ? traceparent : fields[at + 1]!]);
  }
  return pairs;
}
