/** Step `check`: writes flow again. What it finds is noted: nothing is undone any more. */
import { FicusError } from '@ficus/core';
import { decideSeal, turnFence } from '../fence-turns.ts';
import type { Work } from '../work.ts';
import { raiseEpochs } from './raise-epochs.ts';

/** Released writes have the databases to themselves for so long: none of this is urgent. */
export const QUIET_MS = 100;
const COMPARE_MS = 10_000;
const PROXIES_MS = 2_000;

export async function check(work: Work): Promise<void> {
  const { sides, ports, row, notes } = work;
  await Promise.all([raiseEpochs(work), ports.sleep(QUIET_MS).then(() => seal(work))]);
  const [compared, late] = await Promise.all([
    sides.compare.again(COMPARE_MS).catch((error: unknown) => ({
      verdict: 'inconclusive' as const,
      reason: error instanceof Error ? error.message : String(error),
    })),
    ports.gate.lateProxies(row, PROXIES_MS),
  ]);
  if (compared.verdict !== 'match') notes.push(`After the release: ${compared.verdict}. ${compared.reason}`);
  if (late.length > 0) notes.push(`Proxies without the new epoch so far: ${late.join(', ')}.`);
}

/**
 * Here, as no client waits for it: until then the old fence stands in `hold`, which refuses as well. It stays so when a gap
 * cannot be closed, as of a table that a migration has just dropped: an attempt that never ended would bar the way back.
 */
async function seal(work: Work): Promise<void> {
  const { sides, row, notes } = work;
  try {
    await shut(work);
  } catch (error) {
    if (!hasGaps(error)) throw error;
    await sides.oldFence
      .install({ epoch: row.epoch, mode: 'moved' })
      .then(() => shut(work))
      .catch((left: unknown) => {
        if (!hasGaps(left) && !(left instanceof FicusError && left.code === 'FICUS_CDC_TABLE_MISSING'))
          throw left;
        notes.push(`The old owner’s fence has a gap, and refuses as in the hold: ${(left as Error).message}`);
      });
  }
}

const hasGaps = (error: unknown): boolean => error instanceof FicusError && error.code === 'FICUS_FENCE_GAPS';

async function shut({ sides, row, limits }: Work): Promise<void> {
  const { epoch } = row;
  const found = await turnFence(sides.oldFence, { epoch, mode: 'hold' }, decideSeal(epoch), limits.drainMs);
  // Dropped by hand, with its triggers: writers would pass.
  if (found?.mode === 'moved' || (found && found.epoch > epoch)) return;
  const made = await sides.oldFence.install({ epoch, mode: 'moved' });
  if (made.mode !== 'moved')
    throw new FicusError('FICUS_CUTOVER_FENCE_ELSEWHERE', 'The old owner’s fence is not sealed.');
}
