/** How long `ficus up` waits before it restarts a process that exited unexpectedly. Pure. */

interface EndedLife {
  readonly listened: boolean;
  readonly livedMs: number;
}

export interface Pause {
  /** Short lives in a row, this one included. */
  readonly shortLives: number;
  readonly pauseMs: number;
}

const SHORT_LIFE_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** At once the first time; with back-off for a process that never listened, or not for long. */
export function decidePause(shortLivesBefore: number, { listened, livedMs }: EndedLife): Pause {
  const shortLives = listened && livedMs >= SHORT_LIFE_MS ? 0 : shortLivesBefore + 1;
  if (shortLives <= 1) return { shortLives, pauseMs: 0 };
  return { shortLives, pauseMs: Math.min(FIRST_PAUSE_MS * 2 ** (shortLives - 2), LONGEST_PAUSE_MS) };
}
