/**
 * Whether another proxy asks for somebody else. Over loopback, its requests look like those of a program of this machine,
 * and may come from anywhere. A proxy that speaks HTTP/1.1 and adds no field at all cannot be told from such a program.
 */
import type { IncomingMessage } from 'node:http';
import { PROXY_FIELDS } from '../accept/proxy-fields.ts';

type Asked = Pick<IncomingMessage, 'headers' | 'httpVersion'>;

/** Whether the request came through a proxy: see `signOfProxy`. */
export const isForwarded = (asked: Asked): boolean => signOfProxy(asked) !== undefined;

/**
 * What shows that the request came through a proxy, in words. A proxy says whom it asks for, or that it stands between (RFC
 * 9110 section 7.6.3, RFC 7239). nginx says neither unless told to, but spoke HTTP/1.0 for long unless told otherwise,
 * which no program that calls us does.
 */
export function signOfProxy({ headers, httpVersion }: Asked): string | undefined {
  const [field] = forwardingFields(headers);
  if (field !== undefined) return `the field ${field}`;
  return httpVersion === '1.0' ? 'HTTP/1.0' : undefined;
}

/** The same for scrapers, which may call through a sidecar of their mesh. */
export const isForwardedForClient = ({ headers }: Pick<Asked, 'headers'>): boolean =>
  forwardingFields(headers).some((name) => !OF_SIDECARS.has(name));

/** A sidecar (Istio's, say) names scheme and certificate of the pod that asks, and no address: a gateway names one. */
const OF_SIDECARS: ReadonlySet<string> = new Set(['x-forwarded-proto', 'x-forwarded-client-cert']);

const forwardingFields = (headers: Asked['headers']): string[] =>
  Object.keys(headers).filter((name) => FORWARDING.has(name) || name.startsWith('x-forwarded-'));

const FORWARDING: ReadonlySet<string> = new Set([...PROXY_FIELDS, 'forwarded', 'via']);
