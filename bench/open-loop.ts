/**
 * Requests at an even rate, due at times fixed beforehand, whatever becomes of the earlier ones: a late answer delays no
 * other request, and a late start counts as latency (coordinated omission). Called by the load generators.
 */

/** Requests are due in groups, one each millisecond: timers are no finer. */
const TICK_MS = 1;

/**
 * @param perSecond requests that become due each second
 * @param total after which the loop ends by itself; Infinity runs until it is stopped
 * @param send gets the time at which the request was due, by performance.now()
 * @returns stops the loop
 */
export function startOpenLoop(perSecond: number, total: number, send: (dueAt: number) => void): () => void {
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (; sent < total; sent += 1) {
      const dueAt = startedAt + Math.ceil((sent * 1000) / perSecond / TICK_MS) * TICK_MS;
      if (dueAt > now) return;
      send(dueAt);
    }
    clearInterval(timer);
  }, TICK_MS);
  return () => clearInterval(timer);
}
