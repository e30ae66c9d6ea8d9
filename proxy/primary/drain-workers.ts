/**
 * Drains the workers of a proxy that stops, and says so before and after: whether the stop cost a request is in the log. A
 * number that is not known is null, never 0.
 */
import type { Logger } from 'pino';
import type { Workers } from './workers.ts';

export async function drainWorkers(
  workers: Pick<Workers, 'address' | 'book' | 'drain'>,
  drainMs: number,
  logger: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  // One that could not start serves nothing that could finish.
  if (workers.address === '') return void (await workers.drain());
  const { ficus_requests_in_progress: requests = 0, ficus_client_connections: connections = 0 } =
    workers.book.gauges;
  const beganAt = performance.now();
  logger.info({ requests, connections, drainMs }, 'draining: requests in progress finish');
  const { cut, silent, lastInProgress } = await workers.drain();
  const durationMs = Math.round(performance.now() - beganAt);
  if (silent > 0)
    logger.warn(
      { cut: null, leastCut: cut, silentWorkers: silent, lastInProgress, durationMs },
      'drained: how many requests were cut is unknown, because workers ended without a report',
    );
  else if (cut === 0) logger.info({ cut, durationMs }, 'drained');
  else
    logger.warn(
      { cut, durationMs },
      'drained: requests that took longer than proxy.timeouts.drainMs were cut',
    );
}
