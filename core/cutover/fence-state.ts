/** What a fence does with writers of its tables. One fence for each slice and database. */
import { type Word, wordsOf } from '../words/word.ts';

export const fenceModes = {
  armed: { means: 'Writers pass.', action: '' },
  observe: { means: 'Writers pass, and each session is recorded once.', action: '' },
  hold: { means: 'Only the stream may write: a cutover or rollback is under way.', action: '' },
  moved: { means: 'Only the stream may write: the other database owns the slice.', action: '' },
} as const satisfies Record<string, Word>;

export type FenceMode = keyof typeof fenceModes;

/** In the order of their numbers in the database: 0 armed, 1 observe, 2 hold, 3 moved. */
export const FENCE_MODES = wordsOf<FenceMode>(fenceModes);

export interface FenceState {
  /** Of the last turn that began an attempt; the stream's mark must equal it to pass a fence in `hold` or `moved`. */
  readonly epoch: number;
  readonly mode: FenceMode;
}
