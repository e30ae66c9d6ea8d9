/** Step `arm`: no outage, any patience. Refusals are collected, so that one run names them all. */
import { FicusError } from '@ficus/core';
import { decideShut, turnFence } from '../fence-turns.ts';
import type { ArmReport } from '../ports.ts';
import type { Work } from '../work.ts';

export async function arm(work: Work): Promise<void> {
  const { row, ports, sides, found, limits } = work;
  const first = { epoch: row.fromEpoch, mode: 'armed' } as const;
  const old = await sides.oldFence.install(first);
  requireOpen(row.slice, old);
  found.oldFence = old;
  await sides.newFence.install({ ...first, mode: 'moved' });
  const shut = await turnFence(sides.newFence, undefined, decideShut(row.fromEpoch), limits.drainMs);
  if (shut) found.newFence = shut;
  const report = await ports.arm(row, sides);
  work.notes.push(...report.notes);
  work.report({
    refusals: report.refusals,
    ...(report.asBefore && { asBefore: report.asBefore }),
    ...(report.estimate && { estimate: report.estimate }),
  });
  refuse(report);
}

/** Anything else is left over from an attempt that the journal does not know. */
function requireOpen(slice: string, { mode, epoch }: { mode: string; epoch: number }): void {
  if (mode === 'armed' || mode === 'observe') return;
  throw new FicusError(
    'FICUS_CUTOVER_FENCE_ELSEWHERE',
    `The fence of ${slice} at its owner is in ${mode} of epoch ${epoch}, though no attempt is under way.`,
  );
}

function refuse({ refusals }: ArmReport): void {
  const [first, ...others] = refusals;
  if (!first) return;
  const more = others.length === 0 ? '' : ` (and ${others.map(({ message }) => message).join(' ')})`;
  throw new FicusError(first.code, `${first.message}${more}`);
}
