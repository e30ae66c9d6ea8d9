/**
 * Who is at the other end. X-Forwarded-* and Forwarded count only when the peer is a trusted proxy; from anybody
 * else they are replaced (CVE-2026-3635: spoofed addresses). The answer for a peer is kept with its socket.
 */
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { InspectedHead } from './inspect-head.ts';

/** A list of networks. */
export class NetworkList {
  readonly #list = new BlockList();
  readonly #empty: boolean;

  /** @param networks addresses and CIDRs */
  constructor(networks: readonly string[]) {
    this.#empty = networks.length === 0;
    for (const network of networks) {
      const [address, prefix] = network.split('/') as [string, string | undefined];
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    if (this.#empty || address === '') return false;
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

const PEER = Symbol('ficus.peer');

interface WithPeer extends Socket {
  [PEER]?: string;
}

/** The peer's address; an IPv4 address in IPv6 clothes is undressed. */
export function peerAddress(socket: Socket): string {
  const known = (socket as WithPeer)[PEER];
  if (known !== undefined) return known;
  const address = socket.remoteAddress ?? '';
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  (socket as WithPeer)[PEER] = plain;
  return plain;
}

/** The address of the client behind trusted proxies: the last one in the chain that is not trusted. */
export function clientAddress(peer: string, trusted: NetworkList, head: InspectedHead): string {
  if (head.forwardedFor === undefined || !trusted.has(peer)) return peer;
  const chain = head.forwardedFor.split(',').map((part) => bareAddress(part.trim()));
  for (let index = chain.length - 1; index >= 0; index -= 1) {
    if (!trusted.has(chain[index]!)) return chain[index]!;
  }
  return chain[0] ?? peer;
}

/** Some proxies write a port behind the address: it changes with each connection, and is no part of who it is. */
function bareAddress(entry: string): string {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::\d+)?$/.exec(entry);
  if (bracketed) return bracketed[1]!;
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(entry) ? entry.slice(0, entry.indexOf(':')) : entry;
}

/** Appends the X-Forwarded-* fields (and Forwarded, where a trusted proxy began one) to a flat list. */
export function appendForwardedFields(
  fields: string[],
  peer: string,
  trusted: boolean,
  head: InspectedHead,
): void {
  if (!trusted) {
    fields.push('X-Forwarded-For', peer, 'X-Forwarded-Proto', 'http');
    pushHost(fields, head.host);
    return;
  }
  const chain = head.forwardedFor ? `${head.forwardedFor}, ${peer}` : peer;
  fields.push('X-Forwarded-For', chain, 'X-Forwarded-Proto', head.forwardedProto || 'http');
  pushHost(fields, head.forwardedHost || head.host);
  if (head.forwarded !== undefined) fields.push('Forwarded', `${head.forwarded}, ${forwardedElement(peer)}`);
}

/** HTTP/1.0 may come without a Host. A service that finds the field empty takes it for a host all the same. */
function pushHost(fields: string[], host: string): void {
  if (host !== '') fields.push('X-Forwarded-Host', host);
}

/** RFC 7239: an IPv6 address is bracketed and quoted. */
function forwardedElement(peer: string): string {
  return isIPv6(peer) ? `for="[${peer}]"` : `for=${peer}`;
}
