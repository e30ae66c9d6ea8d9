/** Whether a numbered batch of observations is compared: each once, and none of which that cannot be known. */
import type { ObservationBatch } from '@ficus/core';
import type { TakenNumbers } from './taken-numbers.ts';

/** Longer than a proxy waits for the answer of its second try: that one may have been on the way for so long. */
const LONGEST_WAY_MS = 20_000;

type BatchDecision = 'compare' | 'taken' | 'unknown';

/**
 * Remembers the batch's number unless the answer is `unknown`: its first try may have reached an earlier process, which
 * may have compared it.
 * @param startedAt when this process began to take batches
 * @param now both in milliseconds, on one clock that never goes back
 */
export function decideBatch(
  { sender, number, firstSentMs }: Omit<ObservationBatch, 'observations'>,
  numbers: TakenNumbers,
  startedAt: number,
  now: number,
): BatchDecision {
  if (sender === undefined || number === undefined) return 'compare';
  const mayPrecede = firstSentMs !== undefined && now - firstSentMs - LONGEST_WAY_MS < startedAt;
  if (mayPrecede && !numbers.knows(sender)) return 'unknown';
  return numbers.take(sender, number, now) === 'new' ? 'compare' : 'taken';
}
