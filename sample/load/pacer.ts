/**
 * Starts actions at an even rate, whether or not earlier ones have ended, up to a bound. Arrivals that find the bound
 * reached are skipped and counted: load that could not be generated is not hidden.
 */
export interface Pacer {
  readonly skipped: number;
  stop(): Promise<void>;
}

const TICK_MS = 5;

export function startPacer(actionsPerSecond: number, concurrency: number, act: () => Promise<void>): Pacer {
  const began = performance.now();
  const underWay = new Set<Promise<void>>();
  let due = 0;
  let skipped = 0;
  const timer = setInterval(() => {
    const wanted = Math.floor(((performance.now() - began) / 1000) * actionsPerSecond);
    for (; due < wanted; due += 1) {
      if (underWay.size >= concurrency) {
        skipped += 1;
        continue;
      }
      const action = act().finally(() => underWay.delete(action));
      underWay.add(action);
    }
  }, TICK_MS);
  return {
    get skipped() {
      return skipped;
    },
    async stop() {
      clearInterval(timer);
      await Promise.allSettled(underWay);
    },
  };
}
