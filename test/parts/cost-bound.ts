/**
 * The bound of everything that looks at strangers' text: 32 KB cost at most 20 ms. A loaded machine makes single runs
 * slow, never all of them, so the quickest of several counts.
 */
import { performance } from 'node:perf_hooks';

export const HOSTILE_BYTES = 32 * 1024;
const BOUND_MS = 20;
const TRIES = 12;

/**
 * `undefined`, or what took too long, so that `expect(…).toBeUndefined()` shows it.
 * @param piece repeated until the text is long enough
 */
export function tooSlowOn(run: (text: string) => unknown, piece: string, end = ''): string | undefined {
  const text = piece.repeat(Math.ceil(HOSTILE_BYTES / piece.length)).slice(0, HOSTILE_BYTES - end.length);
  let quickest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES && quickest > BOUND_MS; attempt++) {
    const began = performance.now();
    run(`${text}${end}`);
    quickest = Math.min(quickest, performance.now() - began);
  }
  return quickest <= BOUND_MS ? undefined : `${quickest.toFixed(0)} ms on ${JSON.stringify(piece)} × 32 KB`;
}
