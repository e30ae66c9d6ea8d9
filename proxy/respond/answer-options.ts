/**
 * What the proxy answers about itself: OPTIONS whose Max-Forwards ends here is answered here (RFC 9110 section 7.6.2),
 * and the answer to a refused method lists the methods served (section 15.5.6).
 */
import type { ServerResponse } from 'node:http';

/** As a flat list. Other methods pass as well; these are the ones that every resource may have. */
export const ALLOW: readonly string[] = ['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'];

/** @param headers flat list of further fields */
export function answerOptions(response: ServerResponse, headers: readonly string[] = []): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(200, [...ALLOW, 'content-length', '0', ...headers]);
  response.end();
}
