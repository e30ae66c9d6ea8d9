/**
 * The end of a worker's listener: no new connections, requests in progress finish, and at the deadline the rest is cut.
 */
import type { Inbound } from '../accept/create-inbound.ts';
import type { Exchange } from '../forward/forward.ts';

/** Grace for idle connections, so that each client learns from its next answer that the connection ends. */
const IDLE_GRACE_MS = 1_000;
const SWEEP_EACH_MS = 50;

/**
 * @param endless exchanges without an end of their own (tunnels, event streams): ended after the grace
 * @param onDrained called once, when no connection is left
 */
export function drainInbound(
  inbound: Inbound,
  endless: { values(): Iterable<Exchange> },
  drainMs: number,
  onDrained: () => void,
): void {
  let sweep: NodeJS.Timeout | undefined;
  const graceMs = Math.min(IDLE_GRACE_MS, drainMs / 2);
  const grace = setTimeout(() => {
    sweep = setInterval(() => {
      // Clients of tunnels and event streams reconnect, by then to another process.
      for (const exchange of endless.values()) exchange.cancel();
      // Runs right after the sockets' events: a connection whose request has arrived is no longer idle.
      setImmediate(() => inbound.closeIdle(graceMs));
    }, SWEEP_EACH_MS);
  }, graceMs);
  const deadline = setTimeout(() => inbound.cutAll(), drainMs);
  inbound.stopAccepting(drainMs / 2, () => {
    clearTimeout(grace);
    clearTimeout(deadline);
    clearInterval(sweep);
    onDrained();
  });
}
