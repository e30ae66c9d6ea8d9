import type { IncomingMessage } from 'node:http';
import { headOf } from './inspected-head.ts';

/**
 * For `http.createServer({ shouldUpgradeCallback })`: a request with a body is served as a plain request, without its
 * Upgrade. Otherwise its body would be taken for the upgraded protocol by one hop and for a body by the other. An
 * upgrade to h2c is not passed on either: further requests would go unseen, past routes and guards. In HTTP/1.0 there
 * is no Upgrade (RFC 9110 section 7.8), and a request about a hop (Max-Forwards) wants an answer, not a tunnel.
 */
export function mayUpgrade(request: IncomingMessage): boolean {
  if (request.httpVersionMinor === 0) return false;
  const { hasBody, upgradesToH2c, maxForwardsField } = headOf(request);
  return !hasBody && !upgradesToH2c && maxForwardsField === undefined;
}
