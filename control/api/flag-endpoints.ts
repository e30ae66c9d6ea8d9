/** Flips of a slice's flags. */
import { flagChangeView } from '@ficus/contract';
import { FicusError, type FlagKind } from '@ficus/core';
import { z } from 'zod';
import type { FlagService } from '../flags/flag-service.ts';
import { evaluateServeReadiness } from '../guards/evaluate-serve-readiness.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { buildReplicationView } from '../views/build-replication-view.ts';
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
        force: z.boolean().default(false).describe('insist although the candidate’s data is not ready'),
      }),
      answer: flagChangeView,
      handle: ({ params, body, actor }) => {
        const readiness = evaluateServeReadiness(buildReplicationView(parts.replications, params.name ?? ''));
        if (body.percent > 0 && !body.force && readiness.answer === 'fail')
          throw new FicusError(
            'FICUS_CONTROL_NOT_READY_TO_SERVE',
            `The candidate of ${params.name} cannot serve yet: ${readiness.text}.`,
          );
        const forced = body.percent > 0 && readiness.answer === 'fail';
        const why = forced ? `${body.reason} (forced although ${readiness.text})`.trim() : body.reason;
        return change('serve', params.name, { percent: body.percent, reason: why }, actor);
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
