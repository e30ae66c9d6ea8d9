/**
 * Conditions of a route besides method and path: one key per kind, used by routes and by `writtenBy`. The file of a
 * key's name under proxy/match/conditions/ implements it. A new kind: docs/architecture/add-a-route-condition.md.
 */
import { z } from 'zod';
import { headerName, network } from './common-schema.ts';
import { hostProblem } from './route-path.ts';

/** Adds a problem to a schema's, if there is one. */
export function complain(problem: string | undefined, context: z.RefinementCtx): void {
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
}

const valueMatch = z.union([
  z.string().describe('exactly this value'),
  z.strictObject({ present: z.boolean() }).describe('whether it is there at all'),
  z
    .strictObject({
      regex: z
        .string()
        .describe(
          'RE2 syntax; the whole value matches. Linear time: no lookaround, no back-references; (?i) ignores case',
        ),
    })
    .describe('the whole value matches'),
]);

export type ValueMatch = z.output<typeof valueMatch>;

/** Of a field, or a part of one: clients send none of these, or they are taken off. Bytes are read as Latin-1. */
const UNSENT = /^[\t ]|[\t ]$|[^\t\x20-\x7e\x80-\xff]/;
const UNSENT_IN_COOKIE = new RegExp(`${UNSENT.source}|;`);
const QUOTED = /^".*"$/s;

/** Names the values that no request has. */
function refuseUnsent(isUnsent: (value: string) => boolean, why: string) {
  return (written: Readonly<Record<string, ValueMatch>>, context: z.RefinementCtx): void => {
    for (const [name, match] of Object.entries(written)) {
      if (typeof match !== 'string' || !isUnsent(match)) continue;
      context.addIssue({ code: 'custom', path: [name], message: `matches no request: ${why}` });
    }
  };
}

const cookieName = z.string().refine((name) => !UNSENT_IN_COOKIE.test(name), {
  message:
    'matches no request: the name of a cookie has no semicolon, no spaces around it, and no odd characters',
});

export const routeConditions = {
  host: z
    .string()
    .superRefine((host, context) => complain(hostProblem(host), context))
    .optional()
    .describe('exact host name without port, or *.example.com for one label'),
  headers: z
    .record(headerName, valueMatch)
    .superRefine(
      refuseUnsent(
        (value) => UNSENT.test(value),
        'a header’s value is one line without spaces around it and without characters beyond U+00FF',
      ),
    )
    .optional()
    .describe('conditions on headers'),
  query: z.record(z.string(), valueMatch).optional().describe('conditions on query parameters'),
  cookies: z
    .record(cookieName, valueMatch)
    .superRefine(
      refuseUnsent(
        (value) => UNSENT_IN_COOKIE.test(value) || QUOTED.test(value),
        'a cookie’s value is matched without quotes and spaces around it, and has no semicolon and no odd characters',
      ),
    )
    .optional()
    .describe('conditions on cookies'),
  clientAddress: z
    .array(network)
    .min(1)
    .optional()
    .describe(
      'CIDRs of client addresses; behind trustedProxies the client’s address counts, not the proxy’s',
    ),
};

const conditionsSchema = z.strictObject(routeConditions);

export type RouteConditions = z.output<typeof conditionsSchema>;
