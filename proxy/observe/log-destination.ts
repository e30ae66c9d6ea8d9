/**
 * Standard output as the destination of a log. A line that cannot be written (a full disk) waits in bounded memory and is
 * lost in the end: without a listener for its errors pino's destination ends the process, and while the process ends it
 * retries for ever.
 */
import pino, { type DestinationStream } from 'pino';

/** Lines wait in no more memory than this while they cannot be written. */
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
