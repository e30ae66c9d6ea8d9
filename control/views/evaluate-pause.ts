/** How long an attempt kept writes waiting. */
import { CUTOVER_STEPS, type CutoverStep } from '@ficus/core';
import type { AttemptRow } from '../cutover/attempt.ts';

/** Steps in which writes wait. */
const HELD: ReadonlySet<CutoverStep> = new Set(
  CUTOVER_STEPS.slice(CUTOVER_STEPS.indexOf('hold'), CUTOVER_STEPS.indexOf('check')),
);
/** Longer than a step's record takes on a busy server, shorter than a start of the control plane. */
const AWAY_MS = 500;

/**
 * The sum of the steps in which writes wait, in milliseconds. Null before the release, and when steps do not account for the time
 * since the journal: a control plane that was killed kept writes waiting for longer than the steps say, and proxies connect
 * again when they do.
 */
export function evaluatePause(
  row: Pick<AttemptRow, 'timings' | 'journaledAt' | 'finishedAt'>,
): number | null {
  const { timings, journaledAt, finishedAt } = row;
  const sum = (steps: Iterable<CutoverStep>): number =>
    [...steps].reduce((total, step) => total + (timings[step] ?? 0), 0);
  if (journaledAt === null || timings.release === undefined) return null;
  const sinceMs = finishedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(journaledAt);
  // `journaledAt` is when the journal's transaction began: its commit comes after it, and may be slow.
  return sinceMs - sum(['journal', 'lift', 'release', 'check']) > AWAY_MS ? null : sum(HELD);
}
