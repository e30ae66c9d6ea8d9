/**
 * A port of 127.0.0.1 without a listener for as long as this process lives: it is the near end of a connection. A port
 * that was free a moment ago may be taken the next, on a machine where many tests run.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

export async function refusingPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1').unref();
  await once(near, 'connect');
  return near.localPort!;
}
