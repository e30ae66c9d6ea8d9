/**
 * Asks the legacy for the caller's identity, over the connections for copies, so that it takes nothing from
 * live requests.
 */
import type { IdentityNotes } from '../identify/identity-notes.ts';
import { Introspection } from '../identify/introspection.ts';
import type { KeptIdentity } from '../identify/kept-identity.ts';
import type { Answer } from '../identify/read-answer.ts';
import { sendCopy } from '../upstream/send-copy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { usesConnectionLogin } from '../wire/connection-login.ts';
import { joinFields } from '../wire/field-text.ts';

const INTROSPECTION_MS = 2_000;
const INTROSPECTION_BYTES = 65_536;

/** @param count adds to a plain counter */
export function makeIntrospection(
  upstream: Upstream,
  count: (series: string) => void,
  {
    sessions,
    notes,
  }: { readonly sessions: KeptIdentity['sessions']; readonly notes: Pick<IdentityNotes, 'say'> },
): Introspection {
  return new Introspection({
    ask: ({ path, carrier }) => askWhoCalls(upstream, path, carrier),
    count: (outcome) => count(`ficus_introspections_total{outcome="${outcome}"}`),
    notes,
    isChanging: (session) => sessions.has(session),
  });
}

/**
 * Undefined when there is no answer. Never rejects.
 * @param carrier the fields that carry the session, flat
 */
export function askWhoCalls(
  upstream: Upstream,
  path: string,
  carrier: readonly string[],
): Promise<Answer | undefined> {
  const limits = { timeoutMs: INTROSPECTION_MS, bodyBytes: INTROSPECTION_BYTES };
  const host = upstream.host ?? upstream.authority;
  const fields = joinFields(['host', host, 'accept', 'application/json', ...carrier]);
  const head = `GET ${upstream.basePath}${path} HTTP/1.1\r\n${fields}\r\n`;
  const connectionLogin = usesConnectionLogin(carrier[1] ?? '');
  return new Promise((resolve) => {
    sendCopy(upstream, { method: 'GET', head, connectionLogin }, limits, (result) =>
      resolve(result.kind === 'answered' ? result : undefined),
    );
  });
}
