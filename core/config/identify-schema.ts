/**
 * `proxy.identify:` who calls. What an outside client can simply send is believed only from the peers that the config
 * names, as soon as the proxy signs for it: otherwise anybody could be signed for as anybody.
 */
import { z } from 'zod';
import { isWideNetwork } from '../net/is-wide-network.ts';
import { headerName, network, plainHttpUrl, settableHeader } from './common-schema.ts';

const documentPath = z.string().min(1).max(200);

const identitySource = z
  .strictObject({
    cookie: z.string().min(1).optional().describe('name of the cookie that carries it'),
    header: headerName.optional().describe('name of the header that carries it'),
    jwtClaim: documentPath
      .optional()
      .describe(
        'claim of a token that names it, or a path into its claims: `sub`, `realm_access.tenant`, `https://shop.example/tenant`. The token is read from Authorization (Bearer), or from `cookie` or `header` where one is named',
      ),
    introspect: z
      .string()
      .startsWith('/')
      .optional()
      .describe(
        'path at the legacy that answers who calls, as JSON; needs `cookie` or `header` as well. 401, 403, 204 and null mean an anonymous caller; an answer that names none, and any other, means an unknown one, whom the legacy serves',
      ),
    field: documentPath
      .optional()
      .describe(
        'where the answer to `introspect` names it: `id`, `user.id`, `data.accounts.0.id`; by default `user`, `session` or `tenant`',
      ),
    trustedFrom: z
      .array(network)
      .min(1)
      .optional()
      .describe(
        'CIDRs of the peers whose `header` or `cookie` is believed, a gateway’s for instance. From other peers it counts for nothing, and the header is withheld from both sides. Required with `assert` unless `introspect` or `jwtClaim` verifies the value',
      ),
  })
  .refine(({ cookie, header, jwtClaim }) => (cookie ?? header ?? jwtClaim) !== undefined, {
    message: 'name one of cookie, header, jwtClaim',
  })
  .refine(({ cookie, header }) => cookie === undefined || header === undefined, {
    message: 'name one of cookie and header, not both',
  })
  .refine(({ introspect, jwtClaim }) => introspect === undefined || jwtClaim === undefined, {
    path: ['introspect'],
    message: 'asks the legacy, and jwtClaim reads a token: name one of them',
  })
  .refine(({ field, introspect }) => field === undefined || introspect !== undefined, {
    path: ['field'],
    message: 'goes with introspect; a claim’s path is written in jwtClaim',
  })
  .refine(({ trustedFrom, jwtClaim }) => trustedFrom === undefined || jwtClaim === undefined, {
    path: ['trustedFrom'],
    message: 'goes with header or cookie; a token is believed for its signature',
  });

type IdentitySource = z.output<typeof identitySource>;

const jwtSchema = z
  .strictObject({
    secret: z
      .string()
      .min(16)
      .optional()
      .describe(
        'shared secret (HS256, HS384, HS512) that bearer tokens are verified with: 16 characters or more, better 32 bytes',
      ),
    publicKey: z.string().min(1).optional().describe('PEM public key that bearer tokens are verified with'),
    jwks: plainHttpUrl
      .refine(
        isUnforgeable,
        'must begin with https://: any machine on the way could answer with keys of its own',
      )
      .optional()
      .describe(
        'URL of the issuer’s key set (JWKS), https:// unless it is on this machine; keys may change at any time. At most 1 MiB is read, within 2 seconds',
      ),
    issuer: z.string().min(1).optional().describe('issuer that the token must name (iss)'),
    audience: z.string().min(1).optional().describe('audience that the token must name (aud)'),
    requireExp: z
      .boolean()
      .default(true)
      .describe(
        'believe only tokens that expire; the callers of others are unknown, and served by the legacy',
      ),
  })
  .refine(({ secret, publicKey, jwks }) => [secret, publicKey, jwks].filter(Boolean).length === 1, {
    message: 'name exactly one of secret, publicKey, jwks',
  });

const assertionKey = z
  .strictObject({
    kid: z
      .string()
      .regex(/^[\x21-\x7e]{1,100}$/, 'must have 1 to 100 characters, without spaces')
      .describe('name of the key; assertions and the published key set carry it'),
    file: z.string().min(1).optional().describe('PEM file; relative to the config file'),
    key: z.string().min(1).optional().describe('the PEM text itself'),
  })
  .refine(({ file, key }) => (file === undefined) !== (key === undefined), {
    message: 'name exactly one of file, key',
  });

/** Removed from every request, so that no client can send the assertion's. */
const TAKEN = /^(?:authorization|cookie|host|forwarded|x-forwarded-.*)$/;

const assertSchema = z
  .strictObject({
    secret: z
      .string()
      .min(16)
      .optional()
      .describe(
        'shared secret (HS256, 16 characters or more, better 32 bytes): every candidate that knows it can sign too',
      ),
    keys: z
      .array(assertionKey)
      .min(1)
      .max(10)
      .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, 'a kid is used twice')
      .optional()
      .describe(
        'in place of secret: private keys, Ed25519 (EdDSA) or P-256 (ES256). The first signs; the public halves of all are served at /.well-known/jwks.json of proxy.admin and control.listen. A key that no longer signs may be a public one',
      ),
    header: settableHeader
      .refine((name) => !TAKEN.test(name), 'has a meaning of its own: neither side would get the client’s')
      .default('x-ficus-identity')
      .describe('header that carries the assertion to the candidate'),
    ttlSeconds: z
      .int()
      .positive()
      .max(86_400)
      .default(60)
      .describe('lifetime of an assertion in seconds, a day at most'),
  })
  .refine(({ secret, keys }) => (secret === undefined) !== (keys === undefined), {
    message: 'name exactly one of secret, keys',
  });

export const identifySchema = z
  .strictObject({
    user: identitySource.optional().describe('who the user is: the key of sticky percentages and of pins'),
    session: identitySource.optional().describe('the session, when it is not the user'),
    tenant: identitySource.optional().describe('the tenant, a property for flag constraints'),
    jwt: jwtSchema
      .optional()
      .describe(
        'how bearer tokens are verified; required by jwtClaim. A token counts from 10 seconds before its nbf (the issuer’s clock may be ahead) until its exp',
      ),
    assert: assertSchema
      .optional()
      .describe('sends the candidate a short-lived signed JWT that identifies the caller'),
  })
  .refine(
    ({ user, session, tenant, jwt }) => jwt || ![user, session, tenant].some((source) => source?.jwtClaim),
    { path: ['jwt'], message: 'is required: jwtClaim reads a token' },
  )
  .superRefine(({ user, tenant, assert }, context) => {
    if (assert === undefined) return;
    for (const [field, source] of Object.entries({ user, tenant })) {
      const message = source && whyNotAsserted(field, source);
      if (message) context.addIssue({ code: 'custom', path: [field], message });
    }
  })
  .describe('Who calls');

/** The program that answers at the URL decides which tokens are valid. */
function isUnforgeable(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Fields that carry secrets: their values must never become a subject that others read. */
const CREDENTIALS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Why the proxy may not sign for the value of this source, or undefined. */
function whyNotAsserted(field: string, source: IdentitySource): string | undefined {
  const { cookie, header, jwtClaim, introspect, trustedFrom } = source;
  if (jwtClaim !== undefined || introspect !== undefined) return undefined;
  const isSecret = (field === 'user' && cookie !== undefined) || CREDENTIALS.has(header ?? '');
  if (isSecret)
    return `carries a credential, and \`assert\` would send it to the candidate as the ${field}: add \`introspect\`, the path at the legacy that names the ${field}, or read a claim with \`jwtClaim\``;
  if (trustedFrom?.some(isWideNetwork))
    return 'is believed from any machine, and `assert` would sign for it: `trustedFrom` names the CIDRs of the gateway alone';
  if (trustedFrom !== undefined) return undefined;
  return `can be sent by any client, and \`assert\` would sign for it: add \`trustedFrom\` with the CIDRs of the gateway that sets it, or verify it with \`introspect\` or \`jwtClaim\``;
}

export type IdentifyConfig = z.output<typeof identifySchema>;
