/** Starts a proxy: the public entry. What runs is the primary with its workers (primary/primary.ts). */
import type { RunningProxy, StartProxyOptions } from './running-proxy.ts';

/**
 * @throws FicusError FICUS_PORT_TAKEN, FICUS_PEM_UNREADABLE, FICUS_INTERNAL (workers that cannot start)
 */
export async function startProxy(options: StartProxyOptions): Promise<RunningProxy> {
  // Loaded only here, so that commands that only read a config need not wait for it.
  const { Primary } = await import('./primary/primary.ts');
  const primary = new Primary(options);
  try {
    await primary.start();
  } catch (error) {
    await primary.stop();
    throw error;
  }
  return primary;
}
