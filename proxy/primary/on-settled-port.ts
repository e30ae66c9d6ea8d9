/** The port that the workers are to listen on, chosen before any of them starts. */
import { FicusError, type HostPort } from '@ficus/core';
import { probePort } from './probe-port.ts';

const FREE_PORT_ATTEMPTS = 5;

/**
 * Calls `start` with the port, or with a free one for 0: a restarted worker must return to the same port. Workers that
 * share a port would also share it with any other process, so an occupied port must be found first. A free port that is
 * taken before the workers listen costs another attempt.
 * @param undo ends what a failed attempt has started
 * @throws FicusError FICUS_PORT_TAKEN, and whatever `start` throws
 */
export async function onSettledPort(
  listen: HostPort,
  start: (port: number) => Promise<void>,
  undo: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await probePort(listen, 'proxy.listen');
    try {
      await start(port);
      return;
    } catch (error) {
      const taken = error instanceof FicusError && error.code === 'FICUS_PORT_TAKEN';
      if (!taken || listen.port !== 0 || attempt === FREE_PORT_ATTEMPTS) throw error;
      await undo();
    }
  }
}
