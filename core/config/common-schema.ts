/** Building blocks shared by the areas of ficus.yaml. */
import { z } from 'zod';
import { splitHostPort } from '../net/host-port.ts';
import { hasCredentials } from '../net/url-credentials.ts';

export const httpUrl = z
  .string()
  .refine(isHttpUrl, 'must be a URL that begins with http:// or https://')
  .describe('An http:// or https:// URL');

/** Fetched by programs that refuse or ignore what stands before an `@`. */
export const plainHttpUrl = httpUrl.refine(
  (value) => !hasCredentials(value),
  'must not hold a user or a password (USER:PASSWORD@): they would not be sent, and a URL is logged',
);

export const postgresUrl = z
  .string()
  .refine((value) => /^postgres(ql)?:\/\//.test(value), 'must be a URL that begins with postgres://')
  .describe('A postgres:// URL');

export const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):\d{1,5}$/, 'must be HOST:PORT, for instance 127.0.0.1:8080')
  .refine((value) => splitHostPort(value).port <= 65_535, 'the port must be 0 to 65535')
  .describe('HOST:PORT; port 0 asks for a free one');

export const milliseconds = z.int().positive().describe('milliseconds');

export const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]).describe('an address or a CIDR');

export const headerName = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be a header name (RFC 9110 section 5.1)')
  .transform((name) => name.toLowerCase());

/** By these, both ends of a connection agree on where a message ends: only the proxy itself may write them. */
const FRAMING = new Set(
  'connection content-length expect keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** One that the config may set or remove. */
export const settableHeader = headerName.refine((name) => !FRAMING.has(name), {
  message: 'belongs to the connection: only the proxy itself may set or remove it',
});

export const fieldValue = z
  .string()
  .regex(
    /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/,
    'must be the value of a header (RFC 9110 section 5.5): one line, no characters beyond U+00FF',
  );

function isHttpUrl(value: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
}
