/** Flips of a slice's flags: the guards first, then the store that keeps them. */
import { flagChangeView } from '@ficus/contract';
import type { FlagKind } from '@ficus/core';
import { z } from 'zod';
import { evaluateGuards } from '../guards/evaluate-guards.ts';
import { requireGuards } from '../guards/require-guards.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { reason, sliceOf, viewOf } from './slice-of.ts';

interface Asked {
  readonly percent: number;
  readonly reason: string;
}

const percent = z.int().min(0).max(100).describe('whole number from 0 to 100');

export function flagEndpoints(parts: SliceParts): Endpoint[] {
  const change = async (name: string, kind: FlagKind, asked: Asked, actor: string) => {
    const previous = await parts.flags.set({ slice: name, kind, actor, ...asked });
    return { previous, percent: asked.percent, slice: viewOf(parts, name) };
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
        const { name, config } = sliceOf(parts, params.name);
        const view = viewOf(parts, name);
        const raises = body.percent > (view.flags.serve.percent ?? 0);
        const note = raises ? requireGuards(name, evaluateGuards(view, config.guards), body.force) : '';
        const reason = `${body.reason} ${note}`.trim();
        return change(name, 'serve', { percent: body.percent, reason }, actor);
      },
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/slices/:name/shadow',
      id: 'setShadow',
      summary: 'Sets the share of requests that are copied to the side that does not serve',
      body: z.strictObject({ percent, reason }),
      answer: flagChangeView,
      handle: ({ params, body, actor }) => change(sliceOf(parts, params.name).name, 'shadow', body, actor),
    }),
  ];
}
