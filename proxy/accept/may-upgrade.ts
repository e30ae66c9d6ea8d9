import type { IncomingMessage } from 'node:http';

/**
 * For `http.createServer({ shouldUpgradeCallback })`: a request with a body is served as a plain request, without its
 * Upgrade. Otherwise its body would be taken for the upgraded protocol by one hop and for a body by the other. An
 * upgrade to h2c is not passed on either: further requests would go unseen, past routes and guards. In HTTP/1.0 there
 * is no Upgrade (RFC 9110 section 7.8), and who asks about a hop (Max-Forwards) wants an answer, not a tunnel.
 */
export function mayUpgrade(request: IncomingMessage): boolean {
  if (request.httpVersionMinor === 0) return false;
  const raw = request.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (name === 'upgrade' && /\bh2c\b/i.test(raw[i + 1]!)) return false;
    if (name === 'max-forwards') return false;
    if (name === 'transfer-encoding' || (name === 'content-length' && raw[i + 1] !== '0')) return false;
  }
  return true;
}
