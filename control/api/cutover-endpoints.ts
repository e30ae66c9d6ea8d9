/** Cutover and rollback of a slice's writes: begin, follow, bring in line; and retire, which ends the way back. */
import { cutoverView } from '@ficus/contract';
import { FicusError } from '@ficus/core';
import { z } from 'zod';
import type { Operation } from '../cutover/attempt.ts';
import type { RetireSlice } from '../cutover/retire-slice.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { buildCutoverView, type CutoverParts } from '../views/build-cutover-view.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { noTables, reason, sliceOf } from './slice-of.ts';

/** In a query; an empty one would be coerced to 0. */
const countText = z.string().regex(/^\d+$/, 'must be a whole number');

export interface CutoverEndpointParts extends SliceParts, CutoverParts {
  readonly retire: RetireSlice;
}

const confirm = z.string().max(200).default('').describe('the slice’s name, for what cannot be undone');

const wishBody = z.strictObject({
  dryRun: z.boolean().default(false).describe('do everything but the hold, and tell what would happen'),
  noWayBack: z
    .boolean()
    .default(false)
    .describe('accept that a rollback would lose what is written afterwards; needs `confirm`'),
  confirm,
  reason,
});

export function cutoverEndpoints(parts: CutoverEndpointParts): Endpoint[] {
  return [
    begin(parts, 'cutover', 'Makes the candidate the owner of the slice’s writes'),
    begin(parts, 'rollback', 'Makes the legacy the owner of the slice’s writes again'),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/cutover/resume',
      id: 'resumeCutover',
      summary: 'Ends what an interrupted attempt left, forward or back, as the journal says',
      role: 'admin',
      body: z.strictObject({}).default({}),
      answer: cutoverView,
      status: 202,
      handle: async ({ params }) => {
        const name = slicesWithTables(parts, params.name);
        await parts.coordinator.resume(name);
        return buildCutoverView(parts, name);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name/cutover',
      id: 'getCutover',
      summary: 'The cutover or rollback under way, or the last one',
      query: z.object({
        after: countText
          .pipe(z.coerce.number<string>().int())
          .optional()
          .describe('answer when `version` is another one'),
        waitMs: countText
          .pipe(z.coerce.number<string>().int().max(25_000))
          .default(0)
          .describe('how long to wait for that'),
      }),
      answer: cutoverView,
      handle: async ({ params, query: { after, waitMs } }) => {
        const { name } = sliceOf(parts, params.name);
        if (after !== undefined) await parts.coordinator.changed(name, after, waitMs);
        return buildCutoverView(parts, name);
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/retire',
      id: 'retireSlice',
      summary: 'Ends both streams of a slice that the candidate owns: there is no way back afterwards',
      role: 'admin',
      body: z.strictObject({ confirm, reason }),
      answer: cutoverView,
      handle: async ({ params, body, actor, requireWanted }) => {
        const name = slicesWithTables(parts, params.name);
        requireConfirmed(name, body.confirm, `ficus retire ${name}`);
        requireWanted();
        await parts.retire({ slice: name, actor, reason: body.reason });
        return buildCutoverView(parts, name);
      },
    }),
  ];
}

function begin(parts: CutoverEndpointParts, operation: Operation, summary: string): Endpoint {
  return endpoint({
    method: 'POST',
    path: `/api/v1/slices/:name/${operation}`,
    id: operation,
    summary,
    role: 'admin',
    body: wishBody,
    answer: cutoverView,
    status: 202,
    handle: async ({ params, body, actor, requireWanted }) => {
      const name = slicesWithTables(parts, params.name);
      const { dryRun: rehearsal, noWayBack, reason } = body;
      if (noWayBack) requireConfirmed(name, body.confirm, `ficus ${operation} ${name} --no-way-back`);
      requireWanted();
      await parts.coordinator.begin({ slice: name, operation, rehearsal, noWayBack, actor, reason });
      return buildCutoverView(parts, name);
    },
  });
}

function slicesWithTables(parts: CutoverEndpointParts, given: string | undefined): string {
  const { name, config } = sliceOf(parts, given);
  return config.tables.length === 0 ? noTables(name) : name;
}

function requireConfirmed(name: string, confirmed: string, what: string): void {
  if (confirmed === name) return;
  throw new FicusError(
    'FICUS_CUTOVER_NOT_CONFIRMED',
    `\`${what}\` cannot be undone: repeat it with the confirmation “${name}”.`,
  );
}
