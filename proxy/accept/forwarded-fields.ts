/**
 * What the proxy tells the services behind it about the client: X-Forwarded-* and Forwarded (RFC 7239). Fields of a
 * trusted proxy are extended; from any other peer they are replaced (CVE-2026-3635: spoofed addresses).
 */
import { isIPv6 } from 'node:net';
import type { InspectedHead } from './inspected-head.ts';

/** Appends the X-Forwarded-* fields (and Forwarded, where a trusted proxy began one) to a flat list. */
export function appendForwardedFields(fields: string[], head: InspectedHead): void {
  const { peer } = head;
  if (!head.fromTrustedProxy) {
    fields.push('X-Forwarded-For', peer, 'X-Forwarded-Proto', head.ownScheme);
    pushHost(fields, head.host);
    return;
  }
  const chain = head.forwardedFor ? `${head.forwardedFor}, ${peer}` : peer;
  fields.push('X-Forwarded-For', chain, 'X-Forwarded-Proto', head.forwardedProto || head.ownScheme);
  pushHost(fields, head.forwardedHost || head.host);
  if (head.forwarded !== undefined) fields.push('Forwarded', `${head.forwarded}, ${forwardedElement(peer)}`);
}

/** HTTP/1.0 may omit Host. A service would read an empty field as a host. */
function pushHost(fields: string[], host: string): void {
  if (host !== '') fields.push('X-Forwarded-Host', host);
}

/** RFC 7239: an IPv6 address is bracketed and quoted. */
function forwardedElement(peer: string): string {
  return isIPv6(peer) ? `for="[${peer}]"` : `for=${peer}`;
}
