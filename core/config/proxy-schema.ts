/** `proxy:` the data plane. */
import { z } from 'zod';
import { headerName, httpUrl, listenAddress, milliseconds, network } from './common-schema.ts';

const identitySource = z
  .strictObject({
    cookie: z.string().min(1).optional().describe('name of the cookie that carries it'),
    header: headerName.optional().describe('name of the header that carries it'),
    jwtClaim: z.string().min(1).optional().describe('claim of the bearer token that carries it'),
    introspect: z
      .string()
      .startsWith('/')
      .optional()
      .describe(
        'path at the legacy that answers who calls, as JSON with `user`, `session`, `tenant`; needs `cookie` or `header` as well',
      ),
  })
  .refine((source) => [source.cookie, source.header, source.jwtClaim].filter(Boolean).length === 1, {
    message: 'name exactly one of cookie, header, jwtClaim',
  });

const identifySchema = z
  .strictObject({
    user: identitySource.optional().describe('who the user is: the key of sticky percentages and of pins'),
    session: identitySource.optional().describe('the session, when it is not the user'),
    tenant: identitySource.optional().describe('the tenant, a property for flag constraints'),
    jwt: z
      .strictObject({
        secret: z
          .string()
          .min(1)
          .optional()
          .describe('shared secret (HS256) that bearer tokens are verified with'),
        publicKey: z
          .string()
          .min(1)
          .optional()
          .describe('PEM public key that bearer tokens are verified with'),
        jwks: httpUrl.optional().describe('URL of the issuer’s key set (JWKS); keys may change at any time'),
        issuer: z.string().min(1).optional().describe('issuer that the token must name (iss)'),
        audience: z.string().min(1).optional().describe('audience that the token must name (aud)'),
      })
      .refine(({ secret, publicKey, jwks }) => [secret, publicKey, jwks].filter(Boolean).length === 1, {
        message: 'name exactly one of secret, publicKey, jwks',
      })
      .optional()
      .describe(
        'how bearer tokens are verified; required by jwtClaim. A token counts from 10 seconds before its nbf (the issuer’s clock may be ahead) until its exp',
      ),
    assert: z
      .strictObject({
        secret: z.string().min(16).describe('shared secret (HS256, 16 characters or more)'),
        header: headerName
          .default('x-ficus-identity')
          .describe('header that carries the assertion to the candidate'),
        ttlSeconds: z.int().positive().default(60).describe('lifetime of an assertion in seconds'),
      })
      .optional()
      .describe('sends the candidate a short-lived signed JWT that identifies the caller'),
  })
  .refine(
    ({ user, session, tenant, jwt }) => jwt || ![user, session, tenant].some((source) => source?.jwtClaim),
    { path: ['jwt'], message: 'is required: jwtClaim reads a bearer token' },
  )
  .describe('Who calls');

export const proxySchema = z
  .strictObject({
    listen: listenAddress.default('127.0.0.1:8080').describe('where clients connect'),
    admin: listenAddress.optional().describe('address of /healthz, /readyz and /metrics in a proxy-only run'),
    workers: z
      .union([z.literal('auto'), z.int().min(1).max(256)])
      .default(1)
      .describe('worker processes; auto means one per core'),
    trustedProxies: z
      .array(network)
      .default([])
      .describe('CIDRs whose X-Forwarded-* and Forwarded are trusted'),
    expose: z.boolean().default(false).describe('send x-ficus-side and x-ficus-reason to clients'),
    identify: identifySchema.default({}),
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
          .default(20_000)
          .describe(
            'most client connections at once, per worker. A worker needs an open file for each (`ulimit -n`), and one more for each upstream connection',
          ),
        headerBytes: z.int().positive().default(32_768).describe('largest request head, in bytes'),
        headerCount: z.int().positive().default(200).describe('most header fields in a request'),
        targetBytes: z.int().positive().default(16_384).describe('longest request target, in bytes'),
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
          .describe('longest time for a client to send its request head'),
        requestMs: milliseconds
          .default(300_000)
          .describe('longest time for a client to send its whole request'),
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
        bodyBytes: z.int().positive().default(262_144).describe('bytes of a body kept for comparison'),
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
export type IdentifyConfig = z.output<typeof identifySchema>;
