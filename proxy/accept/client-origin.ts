/**
 * The proxy as the client knows it: `https://shop.example.com`, and behind it the path prefix that a proxy in front has
 * taken off. X-Forwarded-* count only from trusted proxies; where several of them append, the first is the client's own.
 */
import { firstOf, type InspectedHead } from './inspected-head.ts';

const DEFAULT_PORTS = { http: '80', https: '443' };
const HAS_PORT = /:(\d*)$/;
const PORT = /^\d{1,5}$/;
/** Segments that begin with one slash: two would name a host. */
const PREFIX = /^(?:\/[\w.~!$&'()*+;=:@%-]+)+$/;

/** Empty when the client named no host. */
export function clientOrigin(head: InspectedHead): string {
  if (!head.fromTrustedProxy) return head.host === '' ? '' : `http://${head.host}`;
  const { scheme } = head;
  const host = firstOf(head.forwardedHost) || head.host;
  if (host === '') return '';
  const port = firstOf(head.forwardedPort);
  const isDefault = port === DEFAULT_PORTS[scheme] || HAS_PORT.test(host);
  return `${scheme}://${host}${isDefault || !PORT.test(port) ? '' : `:${port}`}${prefixOf(head.forwardedPrefix)}`;
}

/** The port that the client connected to, as far as it, or a trusted proxy, says so. */
export function clientPort(head: InspectedHead): string {
  const { scheme, fromTrustedProxy } = head;
  const told = fromTrustedProxy ? firstOf(head.forwardedPort) : '';
  if (PORT.test(told)) return told;
  const host = (fromTrustedProxy && firstOf(head.forwardedHost)) || head.host;
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
