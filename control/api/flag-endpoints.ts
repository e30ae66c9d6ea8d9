/**
 * Flips of a slice's flags. The store that keeps a flag calls the guards as soon as it knows the percentage that a
 * raise starts from.
 */
import { flagChangeView } from '@ficus/contract';
import type { FlagKind, NamedGuardAnswer } from '@ficus/core';
import { z } from 'zod';
import { evaluateGuards } from '../guards/evaluate-guards.ts';
import { noteOverridden, requireGuards } from '../guards/require-guards.ts';
import { requireRole } from '../http/access.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { buildGuardView, type SliceParts } from '../views/build-slice-view.ts';
import { reason, sliceOf, viewOf } from './slice-of.ts';

interface Change {
  readonly body: { readonly percent: number; readonly reason: string };
  readonly actor: string;
  requireWanted(): void;
}

/** Unleash's clients place each user in one of 100 parts. */
const percent = z
  .int('must be a whole number: a fraction of a percent would move no user')
  .min(0)
  .max(100)
  .describe('whole number from 0 to 100');

export function flagEndpoints(parts: SliceParts): Endpoint[] {
  const change = async (
    name: string,
    kind: FlagKind,
    { body: { percent, reason }, actor, requireWanted }: Change,
    judgeRaise: () => readonly NamedGuardAnswer[] = () => [],
  ) => {
    let overridden: readonly NamedGuardAnswer[] = [];
    const previous = await parts.flags.set({ slice: name, kind, actor, percent, reason }, (before) => {
      if (percent <= (before ?? 0)) return '';
      requireWanted();
      overridden = judgeRaise();
      return noteOverridden(overridden);
    });
    return { previous, percent, overridden: overridden.map(buildGuardView), slice: viewOf(parts, name) };
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
        force: z
          .boolean()
          .default(false)
          .describe('override guards that refuse (role admin); the audit names them'),
      }),
      answer: flagChangeView,
      handle: (request) => {
        const { params, body, caller } = request;
        if (body.force) requireRole(caller, 'admin', 'Overriding guards');
        const { name } = sliceOf(parts, params.name);
        return change(name, 'serve', request, () => {
          const { guards } = sliceOf(parts, name).config;
          return requireGuards(name, evaluateGuards(viewOf(parts, name), guards), body.force);
        });
      },
    }),
    endpoint({
      method: 'PUT',
      path: '/api/v1/slices/:name/shadow',
      id: 'setShadow',
      summary: 'Sets the share of requests that are copied to the side that does not serve',
      body: z.strictObject({ percent, reason }),
      answer: flagChangeView,
      handle: (request) => change(sliceOf(parts, request.params.name).name, 'shadow', request),
    }),
  ];
}
