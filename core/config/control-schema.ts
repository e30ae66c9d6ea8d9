/** `control:` and `flags:`. */
import { z } from 'zod';
import { splitHostPort } from '../net/host-port.ts';
import { isLoopback } from '../net/is-loopback.ts';
import { listenAddress, plainHttpUrl, postgresUrl } from './common-schema.ts';
import { controlUrl, type ReachedControl } from './control-address.ts';
import { CONTROL_ROLES } from './control-roles.ts';
import { controlClientSchema, listenerTlsSchema } from './tls-schema.ts';

/** Fewest characters of a token where other machines can try one. */
export const LEAST_TOKEN = 16;

const secret = z.string().min(8);

const namedToken = z.strictObject({
  name: z
    .string()
    .regex(
      /^[\p{L}\p{N}][\p{L}\p{N} @._-]{0,99}$/u,
      'must begin with a letter or digit, then also @ . _ - and spaces',
    )
    .refine((name) => name !== 'control.token', 'is what the audit calls control.token itself')
    .describe('whose it is; the audit and the log name it'),
  roles: z
    .array(z.enum(CONTROL_ROLES))
    .min(1)
    .describe(
      'read: state, audit, metrics, explanations of a proxy · flags: Unleash’s client API · report: what a proxy needs, flags included · operate: changes within the guards, read included · admin: everything',
    ),
  token: secret.describe('the token itself: `openssl rand -base64 24` makes one'),
});

export const controlSchema = z
  .strictObject({
    listen: listenAddress.default('127.0.0.1:8081').describe('admin API and dashboard'),
    tls: listenerTlsSchema
      .optional()
      .describe('API and dashboard over HTTPS; files are relative to the config file'),
    url: plainHttpUrl
      .optional()
      .describe(
        'where proxies and commands reach it, when that is not control.listen: https://control.internal:8081',
      ),
    client: controlClientSchema
      .optional()
      .describe('how proxies and commands with this config connect over https'),
    database: postgresUrl.optional().describe('where flags, owners and audit live'),
    token: secret
      .optional()
      .describe(
        'at the control plane: a token with the role admin. At a proxy or command on another machine: the token that it sends. The control plane takes a changed one at once, a proxy of `ficus proxy` when it is restarted',
      ),
    tokens: z
      .array(namedToken)
      .max(100)
      .default([])
      .describe(
        'tokens with names and roles. Without any token the control plane must listen on loopback, and every program of the machine may do everything',
      ),
  })
  .describe('The control plane')
  .superRefine((control, context) => {
    const problems = [...openToNetwork(control), ...repeatedTokens(control), ...idleClient(control)];
    for (const { path, message } of problems) context.addIssue({ code: 'custom', path, message });
  });

interface Tokens {
  readonly listen: string;
  readonly token?: string | undefined;
  readonly tokens: readonly { readonly name: string; readonly token: string }[];
}

interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}

function allTokens({
  token,
  tokens,
}: Tokens): { readonly path: (string | number)[]; readonly token: string }[] {
  const named = tokens.map((one, index) => ({ path: ['tokens', index, 'token'], token: one.token }));
  return token === undefined ? named : [{ path: ['token'], token }, ...named];
}

function openToNetwork(control: Tokens): Problem[] {
  const { host } = splitHostPort(control.listen);
  if (isLoopback(host)) return [];
  const reach = `other machines can reach ${host} (control.listen)`;
  const all = allTokens(control);
  if (all.length === 0) {
    const message = `is required: ${reach}; set a token of ${LEAST_TOKEN} characters or more, or listen on loopback`;
    return [{ path: ['token'], message }];
  }
  return all
    .filter(({ token }) => token.length < LEAST_TOKEN)
    .map(({ path }) => ({ path, message: `must have at least ${LEAST_TOKEN} characters: ${reach}` }));
}

/** What would verify nothing must not look as if it did. */
function idleClient(control: ReachedControl & { readonly client?: unknown }): Problem[] {
  if (control.client === undefined || controlUrl(control).startsWith('https:')) return [];
  const message = 'has no effect: without control.tls or a control.url of https, connections are plain HTTP';
  return [{ path: ['client'], message }];
}

/** A token stands for one owner. */
function repeatedTokens(control: Tokens): Problem[] {
  const all = allTokens(control);
  const names = control.tokens.map(({ name }) => name);
  return [
    ...all
      .filter(({ token }, index) => all.findIndex((other) => other.token === token) < index)
      .map(({ path }) => ({ path, message: 'is used twice: give each owner a token of its own' })),
    ...names.flatMap((name, index) =>
      names.indexOf(name) < index
        ? [{ path: ['tokens', index, 'name'], message: `“${name}” is used twice` }]
        : [],
    ),
  ];
}

export type ControlConfig = z.output<typeof controlSchema>;

export const flagsSchema = z
  .strictObject({
    provider: z.enum(['builtin', 'file', 'unleash']).default('builtin').describe('where flags come from'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('provider file: Unleash client-features format, watched; relative to the config file'),
    unleash: z
      .strictObject({
        url: plainHttpUrl.describe('base of the client API, ending in /api'),
        token: z.string().min(1).describe('client token'),
        adminToken: z
          .string()
          .optional()
          .describe('admin token; with it `ficus serve` and `ficus shadow` flip flags'),
        refreshMs: z.int().positive().default(1000).describe('how often flags are polled, in milliseconds'),
      })
      .optional(),
    environment: z
      .string()
      .min(1)
      .default('default')
      .describe(
        'value of `environment` in constraints, like unleash-client’s option of that name. Which environment’s flags are read is decided by the token',
      ),
    backup: z
      .union([z.string().min(1), z.literal(false)])
      .optional()
      .describe(
        'directory in which a proxy keeps the last known flags and owners of slices, to start with while their source is away: by default .ficus beside the config file; false keeps none. Flags of provider file are not kept',
      ),
  })
  .describe('Feature flags')
  .superRefine((flags, context) => {
    if (flags.provider === 'file' && !flags.file)
      context.addIssue({ code: 'custom', path: ['file'], message: 'is required by provider file' });
    if (flags.provider === 'unleash' && !flags.unleash)
      context.addIssue({ code: 'custom', path: ['unleash'], message: 'is required by provider unleash' });
  });

export type FlagsConfig = z.output<typeof flagsSchema>;
