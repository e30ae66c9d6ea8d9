/**
 * The bound of everything that looks at strangers' text: 32 KB cost at most 20 ms of processor time. A loaded machine
 * makes single runs slow, never all of them, so the quickest of several counts.
 */

export const HOSTILE_BYTES = 32 * 1024;
const BOUND_MS = 20;
const TRIES = 12;

/**
 * `undefined`, or what took too long, so that `expect(…).toBeUndefined()` shows it.
 * @param piece repeated until the text is long enough
 */
export function tooSlowOn(run: (text: string) => unknown, piece: string, end = ''): string | undefined {
  const text = piece.repeat(Math.ceil(HOSTILE_BYTES / piece.length)).slice(0, HOSTILE_BYTES - end.length);
  const quickest = quickestMs(() => run(`${text}${end}`), BOUND_MS);
  return quickest <= BOUND_MS ? undefined : `${quickest.toFixed(0)} ms on ${JSON.stringify(piece)} × 32 KB`;
}

/** Processor time of the quickest of several runs; no more are made once one has kept to the bound. */
export function quickestMs(run: () => unknown, boundMs: number): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES && quickest > boundMs; attempt++) {
    const began = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(began);
    quickest = Math.min(quickest, (user + system) / 1000);
  }
  return quickest;
}
