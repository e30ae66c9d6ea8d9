/**
 * The proxy as the client knows it: `https`, `shop.example.com`, and the path prefix that a proxy in front has taken off.
 * X-Forwarded-* count only from trusted proxies; where several of them append, the first is the client's own.
 */
import type { ClientOrigin } from '../respond/rewrite-response.ts';
import { isHost } from './inspect-head.ts';
import { firstOf, type InspectedHead } from './inspected-head.ts';

const DEFAULT_PORTS = { http: '80', https: '443' };
const HAS_PORT = /:(\d*)$/;
const PORT = /^\d{1,5}$/;
/** Segments that begin with one slash: two would name a host. */
const PREFIX = /^(?:\/[\w.~!$&'()*+;=:@%-]+)+$/;

export function clientOrigin(head: InspectedHead): ClientOrigin {
  if (!head.fromTrustedProxy) return { scheme: schemeOf(head), authority: head.host, prefix: '' };
  const host = hostOf(head);
  if (host === '') return { scheme: undefined, authority: '', prefix: '' };
  const { scheme } = head;
  const port = firstOf(head.forwardedPort);
  const isDefault = port === DEFAULT_PORTS[scheme] || HAS_PORT.test(host);
  return {
    scheme: schemeOf(head),
    authority: isDefault || !PORT.test(port) ? host : `${host}:${port}`,
    prefix: prefixOf(head.forwardedPrefix),
  };
}

/** For a trusted proxy's request: it may pass a client's field through, with a text that is no host. */
function hostOf({ forwardedHost, host }: InspectedHead): string {
  const told = firstOf(forwardedHost);
  return isHost(told) ? told : host;
}

/** Over plain HTTP, undefined unless a trusted proxy says it: TLS may have ended at a balancer that is not among them. */
function schemeOf({ scheme, ownScheme, fromTrustedProxy, forwardedProto }: InspectedHead) {
  const isTold = fromTrustedProxy && /^https?$/i.test(firstOf(forwardedProto));
  return isTold || ownScheme === 'https' ? scheme : undefined;
}

/** The port that the client connected to, as far as it, or a trusted proxy, says so. */
export function clientPort(head: InspectedHead): string {
  const { scheme, fromTrustedProxy } = head;
  const told = fromTrustedProxy ? firstOf(head.forwardedPort) : '';
  if (PORT.test(told)) return told;
  const host = fromTrustedProxy ? hostOf(head) : head.host;
  return HAS_PORT.exec(host)?.[1] || DEFAULT_PORTS[scheme];
}

/** Each proxy appends the prefix that it took off: the outermost is the first. */
function prefixOf(list: string | undefined): string {
  if (list === undefined) return '';
  const prefix = list
    .split(',')
    .map((part) => part.trim().replace(/\/$/, ''))
    .join('');
  return PREFIX.test(prefix) ? prefix : '';
}
