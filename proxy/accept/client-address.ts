/**
 * Who is at the other end: the peer, and the client behind it. X-Forwarded-For counts only when the peer is a trusted
 * proxy (CVE-2026-3635: spoofed addresses). The result for a peer is kept with its socket.
 */
import type { Socket } from 'node:net';
import type { NetworkList } from '../wire/network-list.ts';

const PEER = Symbol('ficus.peer');

interface WithPeer extends Socket {
  [PEER]?: string;
}

/** The peer's address; an IPv4-mapped IPv6 address is shown as IPv4. */
export function peerAddress(socket: Socket): string {
  const known = (socket as WithPeer)[PEER];
  if (known !== undefined) return known;
  const address = socket.remoteAddress ?? '';
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  (socket as WithPeer)[PEER] = plain;
  return plain;
}

/** The address of the client behind trusted proxies: the last one in the chain that is not trusted. */
export function clientAddress(peer: string, trusted: NetworkList, forwardedFor: string | undefined): string {
  if (forwardedFor === undefined || !trusted.has(peer)) return peer;
  const chain = forwardedFor.split(',').map((part) => bareAddress(part.trim()));
  for (let index = chain.length - 1; index >= 0; index -= 1) {
    if (!trusted.has(chain[index]!)) return chain[index]!;
  }
  return chain[0] ?? peer;
}

/**
 * Some proxies write a port behind the address: it changes with each connection and does not identify the
 * client.
 */
function bareAddress(entry: string): string {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::\d+)?$/.exec(entry);
  if (bracketed) return bracketed[1]!;
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(entry) ? entry.slice(0, entry.indexOf(':')) : entry;
}
