/**
 * What the legacy's answer to an introspection says. 200 with JSON names the caller; 401, 403 and 204 mean anonymous, as
 * does a null where the user would be named. Anything else says nothing about the caller: 404 because a path that is
 * wrong, or away for a moment, would log everybody out at the candidate; an answer without the name because the config
 * may look for it in the wrong place.
 */
import type { WantedField } from './asked-endpoints.ts';
import { ANONYMOUS, type Identity, UNCERTAIN } from './identity.ts';
import { parseExactly, type TextAt, textAt } from './text-at.ts';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** The body was longer than what was read. */
  readonly truncated: boolean;
}

/** A field that the config names, and the answer does not. */
interface Lack {
  readonly field: string;
  readonly reason: string;
  /** The fields that the answer has. */
  readonly seen: string;
}

export type ReadAnswer = { readonly identity: Identity; readonly lacks?: Lack } | { readonly failed: string };

const KEYS_SHOWN = 10;

export function readAnswer(answer: Answer | undefined, wanted: readonly WantedField[]): ReadAnswer {
  if (answer === undefined) return { failed: 'gave no answer' };
  const { status, body, truncated } = answer;
  if ([204, 401, 403].includes(status)) return { identity: ANONYMOUS };
  if (status !== 200) return { failed: `answered ${status}` };
  if (truncated) return { failed: `answered more than ${body.length} bytes` };
  try {
    return readDocument(parseExactly(body.toString()), wanted);
  } catch {
    return { failed: 'answered 200 with something other than JSON' };
  }
}

function readDocument(document: unknown, wanted: readonly WantedField[]): ReadAnswer {
  const told: Record<string, string | undefined> = {};
  let lacking: WantedField | undefined;
  for (const one of wanted) {
    const found: TextAt = textAt(document, one.at);
    told[one.field] = found ?? undefined;
    // An anonymous caller has no tenant either.
    if (one.field === 'user' && found === null) return { identity: ANONYMOUS };
    if (found === undefined && one.isNamed) lacking ??= one;
  }
  const { user, session, tenant } = told;
  if (lacking === undefined) return { identity: { user, session, tenant, uncertain: false } };
  const identity = lacking.field === 'user' ? UNCERTAIN : { user, session, tenant, uncertain: false };
  const { field, at } = lacking;
  const whose = field === 'user' ? 'the session belongs to no user' : `the user has no ${field}`;
  const reason = `answered 200 without ${at}: ${whose}, or \`field\` is not where the answer names one`;
  return { identity, lacks: { field, reason, seen: describeKeys(document) } };
}

/** Names of a document's fields, never their values. */
export function describeKeys(document: unknown): string {
  if (document === null || typeof document !== 'object') return `no fields (${typeof document})`;
  const keys = Object.keys(document);
  const shown = keys.slice(0, KEYS_SHOWN).map((key) => key.slice(0, 40));
  if (keys.length > KEYS_SHOWN) shown.push('…');
  return shown.length === 0 ? 'no fields' : shown.join(', ');
}
