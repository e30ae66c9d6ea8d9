/** Whether the system lets a worker open two files for each client connection that the config allows. */
import { readFileSync } from 'node:fs';
import { DEFAULT_CONNECTIONS } from '@ficus/core';
import type { Logger } from 'pino';

/**
 * At the limit a worker can neither accept clients nor reach upstreams, which looks like anything but a limit. One who sets
 * a number of connections counts on it; the default bounds floods alone.
 */
export function warnOfFewFiles(logger: Logger, connections: number, files = readFileLimit()): void {
  // Its own, and the one to the upstream while a request is in progress.
  if (connections === DEFAULT_CONNECTIONS || files === undefined || files >= 2 * connections) return;
  logger.warn(
    { files, connections },
    'a worker may open fewer files than two for each of proxy.limits.connections: raise the limit (ulimit -n), or lower connections',
  );
}

/** Workers have the limit of this process. @returns undefined where there is none, or it cannot be read (not Linux) */
export function readFileLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
