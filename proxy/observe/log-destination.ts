/**
 * Standard output as the destination of a log. A line that cannot be written (a full disk) is dropped: without a listener
 * for its errors, pino's own destination ends the process, and waits for space for ever while it ends.
 */
import pino, { type DestinationStream } from 'pino';

/** Lines wait in no more memory than this while they cannot be written. */
const MOST_HELD_BYTES = 4 * 1_048_576;

export function logDestination(): DestinationStream {
  const destination = pino.destination({ fd: 1, sync: true, maxLength: MOST_HELD_BYTES });
  destination.on('error', () => undefined);
  return destination;
}
