/**
 * The connections that the kernel has completed and the proxy has not accepted yet. A client there believes
 * that it is connected and may have sent its request; closing the listening socket resets it (Linux,
 * tcp_close of a listener).
 */
import type { Server } from 'node:net';

/** In a longer turn of the event loop a client may have connected after the kernel was asked. */
const QUIET_TURN_MS = 0.2;
/** On a machine where every turn is longer, a turn without a connection suffices after this long. */
const QUIET_TURNS_WITHIN_MS = 500;

/**
 * Calls `close` in the turn of the event loop that found the queue empty. The kernel cannot be kept from queueing, but
 * only microseconds lie between its answer and the closing.
 *
 * @param mostMs longest wait where connections arrive without a pause
 */
export function whenQueueIsEmpty(server: Server, mostMs: number, close: () => void): void {
  const beganAt = performance.now();
  let turnBeganAt = beganAt;
  // The first turn may have begun earlier than this call. Node accepts one connection a turn.
  let accepted = true;
  const onConnection = (): void => {
    accepted = true;
  };
  server.on('connection', onConnection);
  const check = (): void => {
    const now = performance.now();
    const quiet = now - turnBeganAt < QUIET_TURN_MS || now - beganAt > QUIET_TURNS_WITHIN_MS;
    if ((accepted || !quiet) && now - beganAt < mostMs) {
      accepted = false;
      turnBeganAt = now;
      setImmediate(check);
      return;
    }
    server.off('connection', onConnection);
    close();
  };
  setImmediate(check);
}
