/** `proxy:` the data plane. */
import { z } from 'zod';
import { listenAddress, milliseconds, network } from './common-schema.ts';
import { identifySchema } from './identify-schema.ts';
import { proxyTlsSchema } from './tls-schema.ts';

/**
 * Fields by which frameworks route in place of the request line (Symfony, Zend and IIS; gunicorn and Flask), past the
 * routes and guards of the proxy.
 */
export const ROUTING_FIELDS = [
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'script_name',
  'x-script-name',
] as const;

/** A bound against floods, and no demand on the machine. */
export const DEFAULT_CONNECTIONS = 20_000;

export const proxySchema = z
  .strictObject({
    listen: listenAddress.default('127.0.0.1:8080').describe('where clients connect'),
    admin: listenAddress
      .optional()
      .describe(
        'address of /healthz, /readyz, /metrics, /status (what `ficus status` shows where no control plane answers) and /explain (what `ficus explain` asks); not for other machines: most of it needs no token (docs/security.md)',
      ),
    tls: proxyTlsSchema
      .optional()
      .describe('clients connect over HTTPS (HTTP/1.1); files are relative to the config file'),
    workers: z
      .union([z.literal('auto'), z.int().min(1).max(256)])
      .default(1)
      .describe('worker processes; auto means one per core'),
    trustedProxies: z
      .array(network)
      .default([])
      .describe(
        'CIDRs of the proxies before this one: their Forwarded, X-Forwarded-*, X-Real-IP and the like are trusted; those of other peers are removed',
      ),
    passFields: z
      .array(z.enum(ROUTING_FIELDS))
      .default([])
      .describe(
        'which of the fields that frameworks route by, in place of the request line, pass from trustedProxies. Name one only if those proxies set it or remove the client’s: otherwise any client reaches any URL of a side, past routes and guards',
      ),
    forwardedPort: z
      .boolean()
      .default(false)
      .describe('send X-Forwarded-Port as well: the port that the client, or a trusted proxy, names'),
    errorPage: z
      .string()
      .min(1)
      .optional()
      .describe(
        'HTML file for browsers (by Accept) instead of the built-in page when the proxy itself answers; {{status}}, {{title}}, {{detail}} and {{requestId}} are replaced. Other clients get problem+json',
      ),
    expose: z.boolean().default(false).describe('send x-ficus-side and x-ficus-reason to clients'),
    identify: identifySchema.default({}),
    pinCookie: z
      .union([z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, _ and -'), z.literal(false)])
      .default('ficus_wrote')
      .describe(
        'first part of the names of cookies, one for each slice, that go with the answers to writes. By them a user who wrote through one proxy reads their write through every other, also after a restart. false: none is set; then a user has to come through the same proxy each time',
      ),
    force: z
      .strictObject({
        trustedNetworks: z.array(network).default([]).describe('CIDRs from which x-ficus-force is accepted'),
        secret: z
          .string()
          .min(16)
          .optional()
          .describe(
            'secret of signed overrides: x-ficus-force: SIDE;END;SIGNATURE, where END is Unix seconds and SIGNATURE the base64url HMAC-SHA256 of SIDE;END',
          ),
      })
      .optional()
      .describe('testers choose the side of a request with x-ficus-force'),
    limits: z
      .strictObject({
        connections: z
          .int()
          .positive()
          .default(DEFAULT_CONNECTIONS)
          .describe(
            'most client connections at once, per worker. A worker needs two open files for each (`ulimit -n`): while it has a request in progress, a connection to the upstream belongs to it',
          ),
        headerBytes: z.int().positive().default(32_768).describe('largest request head, in bytes'),
        headerCount: z.int().positive().default(200).describe('most header fields in a request'),
        targetBytes: z.int().positive().default(16_384).describe('longest request target, in bytes'),
        bodyBytes: z
          .int()
          .positive()
          .optional()
          .describe('largest request body, in bytes; larger ones are refused with 413. Unlimited by default'),
        bufferedBytes: z
          .int()
          .positive()
          .default(268_435_456)
          .describe('bytes of bodies and copies held at once before new requests are shed'),
      })
      .prefault({}),
    timeouts: z
      .strictObject({
        headersMs: milliseconds
          .default(30_000)
          .describe(
            'longest time for a client to send its request head; before it, for the TLS handshake (there, a change needs a restart)',
          ),
        requestMs: milliseconds
          .default(60_000)
          .describe(
            'longest silence of a client in the body of its request; the upstream’s timeouts.idleMs counts as well. A body that moves may take any time',
          ),
        keepAliveMs: milliseconds.default(65_000).describe('how long an idle client connection stays open'),
        drainMs: milliseconds
          .default(30_000)
          .describe('how long requests in progress may take to finish after SIGTERM'),
        workerMs: milliseconds
          .min(1_000)
          .default(30_000)
          .describe('a worker process that reports nothing for this long is restarted'),
      })
      .prefault({}),
    accessLog: z
      .strictObject({
        sample: z
          .number()
          .min(0)
          .max(1)
          .default(1)
          .describe('share of successful requests that are logged; failures always are'),
      })
      .prefault({}),
    shadow: z
      .strictObject({
        concurrency: z.int().positive().default(64).describe('most copies in progress at once, per worker'),
        timeoutMs: milliseconds.default(5000).describe('deadline of a copy'),
        bodyBytes: z
          .int()
          .positive()
          .max(4_194_304)
          .default(262_144)
          .describe('bytes of a body kept for comparison, at most 4 MiB'),
        bufferedBytes: z
          .int()
          .positive()
          .default(67_108_864)
          .describe('most bytes of copies held at once, per worker; further copies are dropped and counted'),
      })
      .prefault({}),
  })
  .describe('The data plane');

export type ProxyConfig = z.output<typeof proxySchema>;
