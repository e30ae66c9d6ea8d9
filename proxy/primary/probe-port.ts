/** Finds a port before the workers that listen on it start. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type HostPort, listenFailure } from '@ficus/core';

/**
 * The port, or a free one for 0.
 * @param key of the config that names it
 * @throws FicusError FICUS_PORT_TAKEN
 */
export async function probePort({ host, port }: HostPort, key: string): Promise<number> {
  const probe = createServer();
  probe.listen(port, host);
  try {
    await once(probe, 'listening');
  } catch (cause) {
    throw listenFailure(host, port, key, cause as NodeJS.ErrnoException);
  }
  const { port: found } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return found;
}
