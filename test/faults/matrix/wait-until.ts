/** Waits for a condition; what fails meanwhile, as while a database is being restarted, is no answer yet. */
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns false when the time is over */
export async function waitUntil(
  condition: () => Promise<boolean>,
  timeoutMs: number,
  everyMs = 50,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await condition().catch(() => false)) return true;
    if (Date.now() > deadline) return false;
    await sleep(everyMs);
  }
}
