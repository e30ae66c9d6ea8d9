/**
 * The end of a worker's listener: no new connections, requests in progress finish, and at the deadline the rest is cut.
 *
 * Where all workers drain, all listening sockets close first, and only then connections end: a client whose connection
 * ends comes back at once, and the kernel resets what waits in the queue of a socket that closes. Where the other
 * workers' sockets are not closed in time, connections end at half of the time for draining.
 */
import type { Inbound } from '../accept/create-inbound.ts';
import type { Exchange } from '../forward/forward.ts';

/** Grace for idle connections, so that each client learns from its next answer that the connection ends. */
const IDLE_GRACE_MS = 1_000;
const SWEEP_EACH_MS = 50;

interface DrainHooks {
  /** The listening socket is closed: once that holds for all workers, connections may end. */
  readonly onListenerClosed: () => void;
  /** The time is over: whatever is in progress is cut. */
  readonly onDeadline: () => void;
  /** Called once, when no connection is left. */
  readonly onDrained: () => void;
}

/**
 * @param endless exchanges without an end of their own (tunnels, event streams): ended after the grace
 * @returns ends the connections, each after its next answer; happens by itself at half of `drainMs`
 */
export function drainInbound(
  inbound: Inbound,
  endless: { values(): Iterable<Exchange> },
  drainMs: number,
  hooks: DrainHooks,
): () => void {
  let grace: NodeJS.Timeout | undefined;
  let sweep: NodeJS.Timeout | undefined;
  const graceMs = Math.min(IDLE_GRACE_MS, drainMs / 2);
  const endConnections = (): void => {
    if (grace) return;
    inbound.endConnections();
    grace = setTimeout(() => {
      sweep = setInterval(() => {
        // Clients of tunnels and event streams reconnect, by then to another process.
        for (const exchange of endless.values()) exchange.cancel();
        // Runs right after the sockets' events: a connection whose request has arrived is no longer idle.
        setImmediate(() => inbound.closeIdle(graceMs));
      }, SWEEP_EACH_MS);
    }, graceMs);
  };
  const atLast = setTimeout(endConnections, drainMs / 2);
  const deadline = setTimeout(() => {
    hooks.onDeadline();
    inbound.cutAll();
  }, drainMs);
  inbound.closeListener(drainMs / 2, hooks.onListenerClosed, () => {
    for (const timer of [atLast, grace, deadline]) clearTimeout(timer);
    clearInterval(sweep);
    hooks.onDrained();
  });
  return endConnections;
}
