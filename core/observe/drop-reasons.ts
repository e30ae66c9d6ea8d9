/** Why a shadow copy was not made, or was made and not compared: label `reason` of `ficus_shadow_dropped_total`. */
import type { Word } from '../words/word.ts';

export const dropReasons = {
  concurrency: {
    means: 'As many copies were under way as `proxy.shadow.concurrency` allows.',
    action: 'Lower the shadow flag, find out why the copied side is slow, or raise the limit.',
  },
  memory: {
    means: 'The copies under way held as much as `proxy.shadow.bufferedBytes` allows.',
    action: 'Lower the shadow flag, or raise the limit if the machine has room.',
  },
  body: { means: 'The request has a body; such requests are not copied.', action: '' },
  'event-stream': { means: 'The answer has no end, so it cannot be compared.', action: '' },
  'fell-back': { means: 'The candidate gave no answer; the legacy served instead.', action: 'See the log.' },
  'live-failed': {
    means: 'The live request failed: there is nothing to compare with.',
    action: 'See the log.',
  },
  'observation-queue-full': {
    means: 'Observations waited for the control plane, and there was no room for more.',
    action: 'Lower the shadow flag; see whether the control plane is overloaded.',
  },
  'control-unreachable': {
    means: 'The control plane did not take the observations.',
    action: 'See whether it runs; requests are served all the same.',
  },
} as const satisfies Record<string, Word>;

export type DropReason = keyof typeof dropReasons;
