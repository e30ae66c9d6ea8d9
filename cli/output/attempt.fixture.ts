/** Attempts as the control plane shows them. */
import type { AttemptView, CutoverView } from '@ficus/contract';
import { CUTOVER_STEPS, type CutoverStep } from '@ficus/core';

const AT = '2026-05-01T10:00:00.000Z';

export const FAILURE = {
  step: 'verify',
  code: 'FICUS_CUTOVER_MISMATCH',
  message: '3 rows differ.',
  remedy: 'Nothing was changed. Run `ficus verify notes`: it lists the rows.',
} as const;

/** All steps before this one are done, in 5 ms each; this one is as said, and the others wait. */
export function stepsUntil(
  at: CutoverStep,
  state: AttemptView['steps'][number]['state'],
): AttemptView['steps'] {
  const index = CUTOVER_STEPS.indexOf(at);
  return CUTOVER_STEPS.map((step, each) => {
    if (each < index) return { step, state: 'done', ms: 5 };
    return each === index
      ? { step, state, ms: state === 'running' ? null : 5 }
      : { step, state: 'waiting', ms: null };
  });
}

export const attemptOf = (over: Partial<AttemptView> = {}): AttemptView => ({
  ...{ operation: 'cutover', newOwner: 'candidate', epoch: 4, dryRun: false, noWayBack: false },
  ...{ actor: 'ann', reason: '', state: 'done', step: 'check', pauseMs: null, barrier: null, failure: null },
  ...{ refusals: [], notes: [], estimate: null, endless: [], proxies: [] },
  ...{ startedAt: AT, journaledAt: null, finishedAt: AT },
  steps: stepsUntil('check', 'done'),
  ...over,
});

export const cutoverOf = (attempt: AttemptView | null): CutoverView => ({
  ...{ slice: 'notes', owner: 'legacy', epoch: 3, retired: false, version: 1, inconsistency: null },
  attempt,
});

export const proxyOf = (
  over: Partial<AttemptView['proxies'][number]> = {},
): AttemptView['proxies'][number] => ({
  ...{ proxy: 'edge-1', connected: true, writes: 'held', inFlight: 0, held: 3 },
  ...over,
});
