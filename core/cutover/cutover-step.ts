/**
 * The steps of a cutover, and of a rollback, which is the same with the sides exchanged. Their names are the journal's,
 * the failpoints' and the model's. Before `journal` a failure leaves everything as it was; from `journal` on the attempt is
 * only ever completed.
 */
import { type Word, wordsOf } from '../words/word.ts';

/** In their order. */
export const cutoverSteps = {
  arm: {
    means:
      'Everything that needs no outage: fences, sequences, the stream back, and what would prevent the change.',
    action: '',
  },
  lease: {
    means: 'Every proxy acknowledges the attempt, and from then on writes only under a lease.',
    action: '',
  },
  hold: { means: 'Proxies hold new writes; the last request sent before that has ended.', action: '' },
  fence: {
    means: 'The owner’s database refuses writers; open transactions have ended; the barrier is in its WAL.',
    action: '',
  },
  barrier: { means: 'The stream has applied everything before the barrier.', action: '' },
  verify: { means: 'The rows changed since the last comparison are equal on both sides.', action: '' },
  sequences: { means: 'The new owner’s sequences are ahead of the old owner’s.', action: '' },
  journal: { means: 'Owner and epoch are changed, in one transaction: the point of no return.', action: '' },
  lift: {
    means: 'The new owner’s fence is lifted; the old owner’s stays until the owner changes again.',
    action: '',
  },
  release: { means: 'Proxies have the new owner, and decide the held writes again.', action: '' },
  check: { means: 'The rows of `verify` are compared once more.', action: '' },
} as const satisfies Record<string, Word>;

export type CutoverStep = keyof typeof cutoverSteps;

export const CUTOVER_STEPS = wordsOf<CutoverStep>(cutoverSteps);

/** Whether a failure in this step leaves the slice as it was. */
export function mayAbandon(step: CutoverStep): boolean {
  return CUTOVER_STEPS.indexOf(step) < CUTOVER_STEPS.indexOf('journal');
}
