/** `slices.NAME.routes[]`: what belongs to a slice. */
import { z } from 'zod';
import { isSafe } from '../http/methods.ts';
import { fieldValue, milliseconds, settableHeader } from './common-schema.ts';
import { complain, routeConditions } from './route-conditions.ts';
import { methodProblem, pathProblem, prefixProblem } from './route-path.ts';

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Z]+$/;

const pathPrefix = z
  .string()
  .startsWith('/')
  .superRefine((prefix, context) => complain(prefixProblem(prefix), context));

/** With fields of this name the proxy says what it vouches for. */
const setHeader = settableHeader.refine(
  (name) => !name.startsWith('x-ficus-'),
  'only the proxy itself may set it',
);

/** What follows a semicolon or a line break would be read as something else. */
const cookieAttribute = z.string().regex(/^[^\p{Cc};]*$/u, 'is no value of a cookie’s attribute');

export const rewriteSchema = z
  .strictObject({
    stripPrefix: pathPrefix.optional().describe('prefix taken off the path, and sent as X-Forwarded-Prefix'),
    addPrefix: pathPrefix.optional().describe('prefix put before the path'),
    requestHeaders: z
      .strictObject({
        set: z
          .record(
            setHeader.refine((name) => name !== 'via', 'the proxy adds its own'),
            fieldValue,
          )
          .default({})
          .describe('also in place of what the proxy itself would send, X-Forwarded-Proto for instance'),
        remove: z
          .array(settableHeader.refine((name) => name !== 'host', 'every request needs it'))
          .default([]),
      })
      .optional(),
    responseHeaders: z
      .strictObject({
        set: z.record(setHeader, fieldValue).default({}),
        remove: z.array(settableHeader).default([]),
      })
      .optional(),
    cookieDomain: z
      .record(z.string(), cookieAttribute)
      .optional()
      .describe('Set-Cookie domains: from → to; empty removes the attribute'),
    cookiePath: z.record(z.string(), cookieAttribute).optional().describe('Set-Cookie paths: from → to'),
    location: z
      .boolean()
      .default(true)
      .describe(
        'Location, Content-Location, Link and Refresh that name the candidate are rewritten to name the proxy; for routes without `rewrite`, too',
      ),
  })
  .describe('Applied when the candidate serves');

const method = z
  .string()
  .regex(METHOD, 'must be a method in upper case')
  .superRefine((name, context) => complain(methodProblem(name), context));

const methods = z
  .array(method)
  .min(1)
  .superRefine((names, context) => {
    const repeated = names.find((name, index) => names.indexOf(name) < index);
    complain(repeated && `names ${repeated} twice`, context);
  });

/** Which requests. */
const requestMatch = {
  path: z
    .string()
    .startsWith('/', 'must begin with a slash')
    .superRefine((pattern, context) => complain(pathProblem(pattern), context))
    .describe('find-my-way pattern: /api/items/:id (never empty), /files/*'),
  ...routeConditions,
};

export const foreignWriteSchema = z
  .strictObject({
    methods: methods.default(['POST', 'PUT', 'PATCH', 'DELETE']).describe('methods that write'),
    ...requestMatch,
  })
  .describe('Requests outside the slice’s routes that write its tables, by a trigger for instance');

export const routeSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens')
      .describe('name of the route inside its slice'),
    methods: methods
      .default(['GET', 'HEAD'])
      .describe('methods that the route matches; GET includes HEAD, unless another route names HEAD'),
    ...requestMatch,
    kind: z
      .enum(['read', 'write'])
      .optional()
      .describe('by default read for GET, HEAD and OPTIONS, write for all others'),
    bodyBytes: z
      .int()
      .positive()
      .optional()
      .describe('largest request body of the route, in bytes, instead of `proxy.limits.bodyBytes`'),
    timeouts: z
      .strictObject({
        firstByteMs: milliseconds.optional(),
        idleMs: milliseconds.optional(),
        totalMs: milliseconds.optional(),
      })
      .optional()
      .describe('instead of the upstream’s own timeouts, whichever side serves'),
    confirm: z
      .boolean()
      .default(true)
      .describe(
        'ask both sides once more, with the user’s request, when answers differ and replication lag may be the reason. false: for reads that have an effect or cost much; such a difference is inconclusive',
      ),
    rewrite: rewriteSchema.optional(),
  })
  .transform((route) => ({ ...route, kind: route.kind ?? defaultKind(route.methods) }));

export type RouteConfig = z.output<typeof routeSchema>;
export type ForeignWriteConfig = z.output<typeof foreignWriteSchema>;
export type RewriteConfig = z.output<typeof rewriteSchema>;

function defaultKind(methods: readonly string[]): 'read' | 'write' {
  return methods.every(isSafe) ? 'read' : 'write';
}
