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

export const routeConditions = {
  host: z
    .string()
    .superRefine((host, context) => complain(hostProblem(host), context))
    .optional()
    .describe('exact host name without port, or *.example.com for one label'),
  headers: z.record(headerName, valueMatch).optional().describe('conditions on headers'),
  query: z.record(z.string(), valueMatch).optional().describe('conditions on query parameters'),
  cookies: z.record(z.string(), valueMatch).optional().describe('conditions on cookies'),
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
