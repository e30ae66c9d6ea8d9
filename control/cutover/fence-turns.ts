/**
 * Which way a slice's two fences turn, by what is found: pure decisions, and the turn that repeats until one holds. A fence
 * whose epoch is higher than the attempt's belongs to a later attempt: this run is out of date, and leaves it alone.
 */
import { type FenceState, FicusError } from '@ficus/core';
import type { FencePort } from './ports.ts';

/** The state to turn to; undefined when the fence is as it is to be. */
export type DecideTurn = (found: FenceState) => FenceState | undefined;

const lets = ({ mode }: FenceState) => mode === 'armed' || mode === 'observe';

/**
 * The old owner's fence of an abandoned attempt.
 * @param mayBeTouched another process may yet turn it to `hold`: a new epoch makes that turn fail
 * @param before what it was in `arm`; `armed` where that is not known
 */
export function decideUndo(epoch: number, mayBeTouched: boolean, before: 'armed' | 'observe'): DecideTurn {
  return (found) => {
    if (found.epoch > epoch) return undefined;
    if (found.epoch === epoch) return found.mode === 'hold' ? { epoch, mode: before } : undefined;
    return mayBeTouched && lets(found) ? { epoch, mode: found.mode } : undefined;
  };
}

/** The new owner's fence, once the attempt is in the journal. */
export function decideLift(epoch: number): DecideTurn {
  return (found) =>
    found.epoch > epoch || (found.epoch === epoch && lets(found)) ? undefined : { epoch, mode: 'armed' };
}

/** The old owner's fence, once the attempt is in the journal: it is never lifted by this attempt again. */
export function decideSeal(epoch: number): DecideTurn {
  return (found) =>
    found.epoch > epoch || (found.epoch === epoch && found.mode === 'moved')
      ? undefined
      : { epoch, mode: 'moved' };
}

/** The fence of the side that is to become the owner, while it is not: only the stream passes, by the mark of its epoch. */
export function decideShut(fromEpoch: number): DecideTurn {
  return (found) => {
    if (found.epoch > fromEpoch)
      throw new FicusError('FICUS_CUTOVER_OVERTAKEN', 'Another process has changed the owner meanwhile.');
    return found.epoch === fromEpoch && found.mode === 'moved'
      ? undefined
      : { epoch: fromEpoch, mode: 'moved' };
  };
}

const MOST_TURNS = 5;

/**
 * Turns the fence, beginning with a guess that saves a round trip.
 * @param guess undefined: look first
 * @throws FicusError FICUS_CUTOVER_FENCE_ELSEWHERE when others keep turning it; what `turn` throws
 */
export async function turnFence(
  fence: FencePort,
  guess: FenceState | undefined,
  decide: DecideTurn,
  drainMs: number,
): Promise<FenceState | undefined> {
  let found = guess ?? (await fence.state());
  for (let turns = 0; turns < MOST_TURNS; turns += 1) {
    const wanted = found && decide(found);
    if (!found || !wanted) return found;
    const result = await fence.turn({ expected: found, wanted, drainMs });
    if (result.turned) return wanted;
    found = result.found;
  }
  throw new FicusError('FICUS_CUTOVER_FENCE_ELSEWHERE', 'The fence changes as fast as it is turned.');
}
