/**
 * Why a shadow copy was not made, or was made and not compared: label `reason` of
 * `ficus_shadow_dropped_total`.
 */
import type { Word } from '../words/word.ts';

export const dropReasons = {
  concurrency: {
    means: 'The limit of concurrent copies was reached (`proxy.shadow.concurrency`).',
    action: 'Lower the shadow flag, find out why the side that gets the copies is slow, or raise the limit.',
  },
  memory: {
    means: 'The copies in progress held the maximum memory (`proxy.shadow.bufferedBytes`).',
    action: 'Lower the shadow flag, or raise the limit if the machine has room.',
  },
  body: { means: 'The request has a body; such requests are not copied.', action: '' },
  upgrade: {
    means: 'The request asks for an upgrade (a WebSocket, say); such requests are not copied.',
    action: '',
  },
  'event-stream': { means: 'The answer has no end, so it cannot be compared.', action: '' },
  'fell-back': { means: 'The candidate did not answer; the legacy served instead.', action: 'See the log.' },
  'live-failed': {
    means: 'The live request failed: there is nothing to compare with.',
    action: 'See the log.',
  },
  'observation-queue-full': {
    means: 'Too many observations were waiting for the control plane.',
    action: 'Lower the shadow flag; check whether the control plane is overloaded.',
  },
  'control-unreachable': {
    means: 'The control plane did not take the observations.',
    action: 'Check that it runs; requests are still served.',
  },
  'arrival-unknown': {
    means:
      'The control plane has not said whether it took the observations, though they were sent twice: it may have compared them.',
    action: 'Check that it runs and is not overloaded. It compares each at most once.',
  },
} as const satisfies Record<string, Word>;

export type DropReason = keyof typeof dropReasons;
