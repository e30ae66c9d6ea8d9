/**
 * Free ports for programs that take them a moment later. On a busy machine another program may be faster: then the
 * start is repeated with another port.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const ATTEMPTS = 5;
/**
 * Below the ports that Linux, macOS and Windows assign to outgoing connections and to programs that listen on port 0:
 * one of those may soon be taken, before the server starts or while it is being restarted.
 */
const PORTS = { from: 15_000, to: 32_767 };

/** A port that was free a moment ago, and that the system assigns to no other program. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/**
 * Runs `start` with `count` free ports.
 * @param isLost whether it failed because one of them was taken meanwhile: then it is run again, with others
 */
export async function onFreePorts<T>(
  count: number,
  start: (...ports: number[]) => Promise<T>,
  isLost: (error: unknown, ports: readonly number[]) => boolean,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts(count);
    try {
      return await start(...ports);
    } catch (error) {
      if (attempt === ATTEMPTS || !isLost(error, ports)) throw error;
    }
  }
}

/** All different: none is released before the last one is found. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenSomewhere));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function listenSomewhere(): Promise<Server> {
  for (;;) {
    const server = createServer().listen(randomInt(PORTS.from, PORTS.to), '127.0.0.1');
    try {
      await once(server, 'listening');
      return server;
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    }
  }
}
