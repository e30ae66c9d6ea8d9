/** Where the workers are to listen, settled before any of them starts. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { cannotListen } from '../accept/cannot-listen.ts';

/** HOST:PORT, taken apart. */
export function splitListen(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at), port: Number(listen.slice(at + 1)) };
}

/**
 * The port, or a free one for 0.
 * @throws FicusError FICUS_PORT_TAKEN
 */
export async function probePort({ host, port }: { host: string; port: number }): Promise<number> {
  const probe = createServer();
  probe.listen(port, host.replace(/^\[|\]$/g, ''));
  try {
    await once(probe, 'listening');
  } catch (cause) {
    throw cannotListen(host, port, cause as NodeJS.ErrnoException);
  }
  const { port: found } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return found;
}
