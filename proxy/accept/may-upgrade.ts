import type { IncomingMessage } from 'node:http';
import { headOf } from './inspected-head.ts';

/**
 * For `http.createServer({ shouldUpgradeCallback })`: a request with a body is served as a plain request, without its
 * Upgrade. Otherwise one hop would read its body as the upgraded protocol and another as a body. An upgrade to h2c is
 * not passed on either: its further requests would bypass routes and guards. HTTP/1.0 has no Upgrade (RFC 9110 section
 * 7.8), and a request about a hop (Max-Forwards) wants an answer, not a tunnel.
 */
export function mayUpgrade(request: IncomingMessage): boolean {
  if (request.httpVersionMinor === 0) return false;
  const { hasBody, upgradesToH2c, maxForwardsField } = headOf(request);
  return !hasBody && !upgradesToH2c && maxForwardsField === undefined;
}
