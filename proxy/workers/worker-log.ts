/**
 * The log of a worker. Lines leave in writes that a pipe takes whole (4,096 bytes), so that lines of several workers on one
 * never mix. Where nobody reads them they are held up to a bound and then dropped: a log that stands still must not take the
 * memory of what the proxy is there for.
 */
import pino, { type Logger } from 'pino';
import { createLogger } from '../observe/create-logger.ts';

const MOST_HELD_BYTES = 4 * 1_048_576;

export interface WorkerLogOptions {
  readonly level: string;
  readonly fd: number;
  /** A line is lost. */
  readonly onDropped: () => void;
  readonly mostHeldBytes?: number;
}

export interface WorkerLog {
  readonly logger: Logger;
  /** Writes out what is held. */
  flush(): void;
}

export function openWorkerLog({
  level,
  fd,
  onDropped,
  mostHeldBytes = MOST_HELD_BYTES,
}: WorkerLogOptions): WorkerLog {
  const destination = pino.destination({
    fd,
    sync: false,
    minLength: 4000,
    maxWrite: 4096,
    maxLength: mostHeldBytes,
  });
  destination.on('drop', onDropped);
  const timer = setInterval(() => destination.flush(), 250);
  timer.unref();
  const logger = createLogger(level, destination, { worker: process.pid });
  return { logger, flush: () => destination.flushSync() };
}
