/** What the candidate's head has in addition to the legacy's: fields that the route's rewrite sets, and the caller. */
import type { IdentityAssertion } from '../identify/assertion.ts';
import type { Identity } from '../identify/identity.ts';
import { fieldAt } from '../wire/raw-headers.ts';

/** Adds them to a flat list, in place of what it has by the same names. @param nowMs milliseconds since the epoch */
export function addCandidateFields(
  fields: string[],
  rewrite: { readonly setRequestHeaders: readonly string[] } | undefined,
  assertion: IdentityAssertion | undefined,
  caller: Identity,
  slice: string,
  nowMs: number,
): void {
  const { setRequestHeaders: set } = rewrite ?? NOTHING_SET;
  for (let at = 0; at < set.length; at += 2) setField(fields, set[at]!, set[at + 1]!);
  const token = assertion?.tokenFor(caller, slice, nowMs);
  if (token !== undefined) setField(fields, assertion!.header, token);
}

const NOTHING_SET = { setRequestHeaders: [] };

/** Once: of a field that is sent twice, some servers take the first, others the last. */
function setField(fields: string[], name: string, value: string): void {
  const at = fieldAt(fields, name);
  if (at === -1) fields.push(name, value);
  else fields[at + 1] = value;
}
