/**
 * The connections that the kernel has completed and the proxy has not accepted yet. A client there believes
 * that it is connected and may have sent its request; closing the listening socket resets it (Linux,
 * tcp_close of a listener).
 */
import type { Server } from 'node:net';

/** In a longer turn of the event loop a client may have connected since the kernel was asked. */
const QUIET_TURN_MS = 0.2;
/** On a machine whose turns are all longer, any turn without a connection suffices after this long. */
const QUIET_TURNS_WITHIN_MS = 500;

/**
 * Calls `close` in the turn of the event loop that found the queue empty; there is no way to stop the kernel
 * from queueing, but what is left between its answer and the closing are microseconds.
 *
 * @param mostMs longest wait where connections arrive without a pause
 */
export function whenQueueIsEmpty(server: Server, mostMs: number, close: () => void): void {
  const beganAt = performance.now();
  let turnBeganAt = beganAt;
  // Nothing is known about the turn in which the question came. Node accepts one connection a turn.
  let accepted = true;
  const onConnection = (): void => {
    accepted = true;
  };
  server.on('connection', onConnection);
  const look = (): void => {
    const now = performance.now();
    const quiet = now - turnBeganAt < QUIET_TURN_MS || now - beganAt > QUIET_TURNS_WITHIN_MS;
    if ((accepted || !quiet) && now - beganAt < mostMs) {
      accepted = false;
      turnBeganAt = now;
      setImmediate(look);
      return;
    }
    server.off('connection', onConnection);
    close();
  };
  setImmediate(look);
}
