/** Waits for a moment, or until the one who waits is stopped. */
import { setTimeout } from 'node:timers/promises';

const LOOK_MS = 100;

/** @param dueMs by the clock, which is read once a look: a pause is never negative, however it moves */
export async function waitUntil(
  dueMs: number,
  isStopped: () => boolean,
  now: () => number = Date.now,
  sleep: (ms: number) => Promise<unknown> = setTimeout,
): Promise<void> {
  while (!isStopped()) {
    const leftMs = dueMs - now();
    if (leftMs <= 0) return;
    await sleep(Math.min(LOOK_MS, leftMs));
  }
}
