/**
 * Standard output as the destination of a log. A line that cannot be written (a full disk) waits in bounded memory and
 * is finally dropped: without a listener for its errors pino's destination ends the process, and then retries forever
 * while the process ends.
 */
import pino, { type DestinationStream } from 'pino';

/** Most memory for lines that cannot be written. */
const MOST_HELD_BYTES = 4 * 1_048_576;

export function logDestination(): DestinationStream {
  const destination = pino.destination({ fd: 1, sync: false, maxLength: MOST_HELD_BYTES });
  const { flushSync } = destination;
  destination.on('error', () => {
    destination.flushSync = () => undefined;
  });
  destination.on('drain', () => {
    destination.flushSync = flushSync;
  });
  return destination;
}
