/**
 * Retire: the candidate owns the slice for good. Both streams end, with all that they have made, and the journal of the
 * slice with them; the old owner's fence stays. The only operation that destroys the way back.
 */
import { FicusError } from '@ficus/core';
import { makeAudited } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import type { SliceStates } from '../store/slice-states.ts';
import type { Coordinator } from './coordinator.ts';

export interface RetireWish {
  readonly slice: string;
  readonly actor: string;
  readonly reason: string;
}

export type RetireSlice = (wish: RetireWish) => Promise<void>;

export interface RetireParts {
  readonly store: Store;
  readonly states: SliceStates;
  readonly coordinator: Pick<Coordinator, 'attempt'>;
  /** Ends both streams and removes their slots, publications and checkpoints; the rows stay. Safe to repeat. */
  readonly endStreams: (slice: string) => Promise<void>;
}

export function makeRetire({ store, states, coordinator, endStreams }: RetireParts): RetireSlice {
  return async ({ slice, actor, reason }) => {
    const { owner, epoch, retired } = states.of(slice);
    if (owner !== 'candidate')
      throw new FicusError(
        'FICUS_CUTOVER_NOT_MADE',
        `The legacy owns ${slice}: only a slice that was cut over can be retired.`,
      );
    if (coordinator.attempt(slice)?.finishedAt === null)
      throw new FicusError('FICUS_CUTOVER_BUSY', `A cutover or rollback of ${slice} is under way.`);
    const entry = {
      ...{ actor, action: 'retire', slice, reason },
      was: { owner, epoch, retired },
      became: { owner, epoch, retired: true },
    };
    await makeAudited(store, entry, async () => {
      // Compare and set: an attempt that begins meanwhile finds the slice retired, or is found under way.
      const rows = await store.query(
        `UPDATE slice SET retired = true, changed_at = now() WHERE name = $1 AND owner = 'candidate' AND epoch = $2
           AND NOT EXISTS (SELECT FROM attempt WHERE slice = $1 AND finished_at IS NULL) RETURNING name`,
        [slice, epoch],
      );
      if (rows.length === 0)
        return new FicusError('FICUS_CUTOVER_BUSY', `${slice} is being changed by another process.`);
      states.retire(slice);
      await endStreams(slice);
      return undefined;
    });
  };
}
