/** What the candidate's head has in addition to the legacy's: fields that the route's rewrite sets, and the caller. */
import type { IdentityAssertion } from '../identify/assertion.ts';
import type { Identity } from '../identify/identity.ts';

/** Appends them to a flat list. @param nowMs milliseconds since the epoch */
export function appendCandidateFields(
  fields: string[],
  rewrite: { readonly setRequestHeaders: readonly string[] } | undefined,
  assertion: IdentityAssertion | undefined,
  caller: Identity,
  slice: string,
  nowMs: number,
): void {
  if (rewrite) fields.push(...rewrite.setRequestHeaders);
  const token = assertion?.tokenFor(caller, slice, nowMs);
  if (token !== undefined) fields.push(assertion!.header, token);
}
