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

/**
 * Processor time of the quickest of several runs; no more are made once one has kept to the bound. A run beyond the bound
 * counts by what the same core needs at that moment for work that is known: the bounds hold for a core that parses
 * the document below in `REFERENCE_MS`, and cores of shared machines are two or three times slower at times.
 */
export function quickestMs(run: () => unknown, boundMs: number): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES && quickest > boundMs; attempt++) {
    const ms = processorMs(run);
    quickest = Math.min(quickest, ms <= boundMs ? ms : ms / slowness());
  }
  return quickest;
}

/** Milliseconds for 1.5 MB of JSON, with objects, lists, texts and numbers. */
const REFERENCE_MS = 6;
const MOST_SLOWNESS = 3;
const REFERENCE = JSON.stringify(
  Array.from({ length: 20_000 }, (_, id) => ({ id, name: `name ${id}`, tags: ['a', 'b'], price: id / 7 })),
);

function slowness(): number {
  const ms = Math.min(...Array.from({ length: 3 }, () => processorMs(() => JSON.parse(REFERENCE))));
  const factor = Math.min(MOST_SLOWNESS, Math.max(1, ms / REFERENCE_MS));
  if (factor > 1)
    console.log(`a bound was exceeded on a core that is ${factor.toFixed(1)} times slower than it is for`);
  return factor;
}

function processorMs(run: () => unknown): number {
  const began = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1000;
}
