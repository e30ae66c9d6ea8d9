/**
 * Standard output as the destination of a log. A line that cannot be written (a full disk) waits in bounded memory and
 * is finally dropped: without a listener for its errors pino's destination ends the process, and then retries forever
 * while the process ends.
 */
import { isatty } from 'node:tty';
import { printableJson } from '@ficus/core';
import pino, { type DestinationStream } from 'pino';
import { lineFormatter } from './log-format.ts';

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
  const write = destination.write.bind(destination);
  const format = lineFormatter(1, process.env);
  if (format) return Object.assign(destination, { write: (line: string) => write(format(line)) });
  // Lines are JSON, which escapes only some of the characters that move a terminal's cursor.
  return isatty(1) ? Object.assign(destination, { write: printing(write) }) : destination;
}

const printing = (write: (line: string) => boolean) => (line: string) => {
  const end = line.endsWith('\n') ? 1 : 0;
  return write(printableJson(line.slice(0, line.length - end)) + line.slice(line.length - end));
};
