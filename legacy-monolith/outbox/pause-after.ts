/** How long the relay rests. Pure. */

/** A notification of a job may be this late. */
const LOOK_EVERY_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/**
 * Milliseconds until it looks again.
 * @param posted in the last round
 * @param failures in a row: an API that is away is asked less and less often
 */
export function pauseAfter(posted: number, failures: number): number {
  if (failures > 0) return Math.min(LONGEST_PAUSE_MS, LOOK_EVERY_MS * 2 ** failures);
  return posted > 0 ? 0 : LOOK_EVERY_MS;
}
