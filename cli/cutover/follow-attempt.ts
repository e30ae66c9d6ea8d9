/**
 * Follows an attempt to its end. It is the control plane's work, and a restart of the control plane ends it by the journal:
 * so a lost connection is waited for, and an interrupt stops the watching alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptView, ControlClient, CutoverView } from '@ficus/contract';
import { FicusError } from '@ficus/core';

export interface FollowOptions {
  /** What the command has begun, or resumed. */
  readonly begun: CutoverView;
  readonly signal: AbortSignal;
  readonly onProgress: (attempt: AttemptView) => void;
  /** The control plane does not answer, for now. */
  readonly onAway: (seen: AttemptView) => void;
  /** How long a control plane may stay away. */
  readonly patienceMs?: number;
}

/** A supervisor starts it again within seconds. */
const PATIENCE_MS = 30_000;
const AGAIN_MS = 250;

/**
 * The end; or, when watching was stopped, what was seen last.
 * @throws FicusError FICUS_CUTOVER_NOT_FOLLOWED, FICUS_CUTOVER_OVERTAKEN
 */
export async function followAttempt(
  control: Pick<ControlClient, 'followCutover'>,
  { begun, signal, onProgress, onAway, patienceMs = PATIENCE_MS }: FollowOptions,
): Promise<CutoverView> {
  let seen = begun;
  let answeredAt = performance.now();
  const see = (view: CutoverView) => {
    answeredAt = performance.now();
    if (view.attempt?.epoch !== begun.attempt?.epoch) throw overtaken(view);
    seen = view;
    if (view.attempt) onProgress(view.attempt);
  };
  for (;;) {
    try {
      return await control.followCutover(begun.slice, { onProgress: see, signal });
    } catch (error) {
      if (signal.aborted) return seen;
      if (!isAway(error) || seen.attempt === null) throw error;
      if (performance.now() - answeredAt >= patienceMs)
        throw notFollowed(error, seen.slice, seen.attempt, patienceMs);
      onAway(seen.attempt);
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

const isAway = (error: unknown): error is FicusError =>
  error instanceof FicusError && error.code === 'FICUS_CONTROL_UNREACHABLE';

function notFollowed(
  cause: FicusError,
  slice: string,
  { operation, step, journaledAt }: AttemptView,
  patienceMs: number,
): FicusError {
  const forecast =
    journaledAt === null
      ? 'it was not in the journal then, and may be abandoned or done by now'
      : 'it is in the journal: the owner has changed, and the rest is completed';
  return new FicusError(
    'FICUS_CUTOVER_NOT_FOLLOWED',
    `${cause.message} It has been away for ${Math.round(patienceMs / 1_000)} s. The ${operation} of ${slice} was last seen in step ${step}: ${forecast}.`,
    { cause },
  );
}

function overtaken({ slice, attempt }: CutoverView): FicusError {
  const newer =
    attempt === null ? 'nothing is known of it' : `a ${attempt.operation} by ${attempt.actor} followed`;
  return new FicusError(
    'FICUS_CUTOVER_OVERTAKEN',
    `The attempt on ${slice} ended while it was not seen, and ${newer}.`,
  );
}
