/** `legacy:` and a slice's `candidate:`: an HTTP upstream and its database. */
import { z } from 'zod';
import { httpUrl, milliseconds, postgresUrl } from './common-schema.ts';
import { healthSchema } from './health-schema.ts';
import { requirePair } from './tls-schema.ts';

const HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;
const upstreamAddress = z.string().refine(isAddress, 'must be an IP address, with a port where it differs');

export const upstreamSchema = z.strictObject({
  url: httpUrl.describe('base URL of the HTTP upstream'),
  addresses: z
    .array(upstreamAddress)
    .min(1)
    .optional()
    .describe('addresses to connect to instead of looking up the URL’s host: IP or IP:PORT, [IPv6]:PORT'),
  socket: z
    .string()
    .min(1)
    .max(107)
    .optional()
    .describe(
      'path of a Unix socket to connect to instead of the URL’s host; `addresses` does not apply then',
    ),
  host: z
    .string()
    .regex(HOST, 'must be a host name or an IP address, with a port where it differs')
    .optional()
    .describe(
      'Host that requests have instead of the client’s, which X-Forwarded-Host names; Location and the like that name it are rewritten to name the proxy',
    ),
  database: postgresUrl.optional().describe('its database; needed by slices with tables'),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.default(3000).describe('longest time to establish TCP and TLS'),
      firstByteMs: milliseconds
        .default(60_000)
        .describe('from the last request byte to the first response byte'),
      idleMs: milliseconds
        .default(60_000)
        .describe('longest time without a byte in either direction (not for upgrades and event streams)'),
      totalMs: milliseconds.optional().describe('longest time for the whole exchange; unbounded by default'),
    })
    .prefault({}),
  pool: z
    .strictObject({
      connections: z
        .int()
        .positive()
        .optional()
        .describe(
          'most requests that the upstream works on at once, per worker; more wait. Unlimited by default: each client connection has at most one. Event streams and established upgrades do not count',
        ),
      streams: z
        .int()
        .positive()
        .optional()
        .describe(
          'most event streams and upgrades at once, per worker; more are refused: with 503, or with 502 where a write has been executed. Unlimited by default',
        ),
      idle: z.int().positive().default(256).describe('most unused connections that stay open, per worker'),
      pending: z
        .int()
        .min(0)
        .default(1024)
        .describe('requests that may wait for a connection; more are refused'),
      pendingMs: milliseconds.default(3000).describe('longest wait for a connection'),
      idleMs: milliseconds
        .default(20_000)
        .describe(
          'how long an unused connection stays open; keep it below the upstream’s keep-alive timeout',
        ),
    })
    .prefault({}),
  tls: z
    .strictObject({
      ca: z.string().optional().describe('PEM file of the certificate authority'),
      cert: z.string().optional().describe('PEM file of the client certificate'),
      key: z.string().optional().describe('PEM file of the client key'),
      serverName: z.string().optional().describe('name for SNI and for the check of the certificate'),
      verify: z.boolean().default(true).describe('check the certificate; false only for tests'),
    })
    .superRefine(requirePair)
    .optional(),
  retry: z
    .strictObject({
      budgetRatio: z.number().min(0).max(1).default(0.2).describe('retries as a share of requests'),
      perSecond: z.number().min(0).default(1).describe('retries always allowed each second'),
      attempts: z
        .int()
        .min(1)
        .max(5)
        .default(1)
        .describe('attempts in all, for idempotent methods only; 1 means no retry'),
      backoffMs: milliseconds.default(25).describe('base of the exponential back-off with full jitter'),
      statuses: z
        .array(z.int().min(500).max(599))
        .default([502, 503, 504])
        .describe('response statuses that are retried'),
    })
    .prefault({}),
  breaker: z
    .strictObject({
      failures: z.int().positive().default(5).describe('consecutive failures that open the breaker'),
      openMs: milliseconds
        .default(5000)
        .describe(
          'how long it stays open, at most, before one half-open probe: the first time a tenth of it, then twice as long each time',
        ),
    })
    .prefault({}),
  outlier: z
    .strictObject({
      failures: z
        .int()
        .positive()
        .default(5)
        .describe(
          'failures in a row: no connection, no response in time, reset, invalid response, 502 to 504',
        ),
      rate: z
        .number()
        .gt(0)
        .max(1)
        .default(0.3)
        .describe('how far the share of failures (500s included) may lie above the other addresses’'),
      minRequests: z
        .int()
        .positive()
        .default(50)
        .describe(
          'fewest requests in 10 to 20 seconds, to the address and to the others, before shares are compared',
        ),
      ejectMs: milliseconds
        .default(30_000)
        .describe(
          'how long an address is ejected before one request probes it; doubled for each ejection in a row',
        ),
      maxEjectMs: milliseconds.default(300_000).describe('longest ejection'),
      maxShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe(
          'largest share of addresses ejected at once: at least one, never all; 0 turns ejection off',
        ),
    })
    .prefault({})
    .describe('An unhealthy address among several of this upstream is ejected for a while'),
  health: healthSchema.optional(),
  concurrency: z
    .int()
    .positive()
    .optional()
    .describe(
      'most requests in progress at once, per worker; more fail fast with 503. Event streams and established upgrades do not count',
    ),
});

export type UpstreamConfig = z.output<typeof upstreamSchema>;

const PORT = /:(\d{1,5})$/;

function isAddress(text: string): boolean {
  if (z.union([z.ipv4(), z.ipv6()]).safeParse(text).success) return true;
  const port = PORT.exec(text)?.[1];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return false;
  const host = text.slice(0, -port.length - 1);
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === host ? z.ipv4().safeParse(host).success : z.ipv6().safeParse(bare).success;
}
