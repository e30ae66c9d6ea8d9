/** Flips of a slice's flags. */
import { flagChangeView } from '@ficus/contract';
import { FicusError, type FlagKind } from '@ficus/core';
import { z } from 'zod';
import type { FlagService } from '../flags/flag-service.ts';
import { evaluateGuards } from '../guards/evaluate-guards.ts';
import { requireGuards } from '../guards/require-guards.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { reason, sliceOf, viewOf } from './slice-of.ts';

export interface FlagEndpointParts extends SliceParts {
  readonly flags: FlagService;
}

const percent = z.int().min(0).max(100).describe('whole number from 0 to 100');

export function flagEndpoints(parts: FlagEndpointParts): Endpoint[] {
  const change = async (
    kind: FlagKind,
    name: string | undefined,
    asked: { percent: number; reason: string },
    actor: string,
  ) => {
    const slice = sliceOf(parts, name);
    if (parts.config.flags.provider !== 'builtin')
      throw new FicusError(
        'FICUS_CONTROL_FLAGS_ELSEWHERE',
        `The flags of ${slice.name} come from the provider ${parts.config.flags.provider}.`,
      );
    const previous = parts.flags.state(slice.name, kind).percent;
    await parts.flags.setPercent({
      slice: slice.name,
      kind,
      percent: asked.percent,
      reason: asked.reason,
      actor,
    });
    return { previous, percent: asked.percent, slice: viewOf(parts, slice.name) };
  };
  return [
    endpoint({
      method: 'PUT',
      path: '/api/v1/slices/:name/serve',
      id: 'setServe',
      summary: 'Sets the share of reads that the candidate serves',
      body: z.strictObject({
        percent,
        reason,
        force: z.boolean().default(false).describe('override guards that refuse; the audit names them'),
      }),
      answer: flagChangeView,
      handle: ({ params, body, actor }) => {
        const { config } = sliceOf(parts, params.name);
        const view = viewOf(parts, params.name);
        const raises = body.percent > (view.flags.serve.percent ?? 0);
        const note = raises ? requireGuards(view.name, evaluateGuards(view, config.guards), body.force) : '';
        return change(
          'serve',
          params.name,
          { percent: body.percent, reason: `${body.reason} ${note}`.trim() },
          actor,
        );
      },
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/slices/:name/shadow',
      id: 'setShadow',
      summary: 'Sets the share of requests that are copied to the side that does not serve',
      body: z.strictObject({ percent, reason }),
      answer: flagChangeView,
      handle: ({ params, body, actor }) => change('shadow', params.name, body, actor),
    }),
  ];
}
