/** Drains the workers of a proxy that stops, and says so before and after: whether the stop cost a request is in the log. */
import type { Logger } from 'pino';
import type { Workers } from './workers.ts';

export async function drainWorkers(
  workers: Pick<Workers, 'address' | 'book' | 'cut' | 'drain'>,
  drainMs: number,
  logger: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  // One that could not start serves nothing that could finish.
  if (workers.address === '') return workers.drain();
  const { ficus_requests_in_progress: requests = 0, ficus_client_connections: connections = 0 } =
    workers.book.gauges;
  const beganAt = performance.now();
  logger.info({ requests, connections, drainMs }, 'draining: requests in progress finish');
  await workers.drain();
  const facts = { cut: workers.cut, durationMs: Math.round(performance.now() - beganAt) };
  if (workers.cut === 0) logger.info(facts, 'drained');
  else logger.warn(facts, 'drained: requests that took longer than proxy.timeouts.drainMs were cut');
}
