/**
 * Asks the legacy for the caller's identity, over the connections for copies, so that it takes nothing from
 * live requests.
 */
import type { ChangingSessions } from '../identify/changing-sessions.ts';
import { Introspection } from '../identify/introspection.ts';
import { sendCopy } from '../upstream/send-copy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { usesConnectionLogin } from '../wire/connection-login.ts';
import { joinFields } from '../wire/head-lines.ts';

const INTROSPECTION_MS = 2_000;
const INTROSPECTION_BYTES = 16_384;

/** @param count adds to a plain counter */
export function makeIntrospection(
  upstream: Upstream,
  count: (series: string) => void,
  sessions: ChangingSessions,
): Introspection {
  const limits = { timeoutMs: INTROSPECTION_MS, bodyBytes: INTROSPECTION_BYTES };
  return new Introspection({
    ask: ({ path, carrier }) =>
      new Promise((resolve) => {
        const fields = joinFields([
          'host',
          upstream.host ?? upstream.authority,
          'accept',
          'application/json',
          ...carrier,
        ]);
        const head = `GET ${upstream.basePath}${path} HTTP/1.1\r\n${fields}\r\n`;
        const connectionLogin = usesConnectionLogin(carrier[1]!);
        sendCopy(upstream, { method: 'GET', head, connectionLogin }, limits, (result) =>
          resolve(result.kind === 'answered' ? result : undefined),
        );
      }),
    count: (outcome) => count(`ficus_introspections_total{outcome="${outcome}"}`),
    isChanging: (session) => sessions.has(session),
  });
}
