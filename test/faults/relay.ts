/** A TCP relay between the engine and a database, so that a test can cut or stall what runs through it. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Breaks every connection, without a word to either end. */
  cut(): void;
  /** Nothing goes through in either direction until `resume`; connections stay open. */
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Relays loopback connections to `targetPort`. */
export async function openRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((inbound) => {
    const outbound = connect(targetPort, '127.0.0.1');
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        inbound.destroy();
        outbound.destroy();
      });
    }
    inbound.on('data', (data) => forward(data, inbound, outbound));
    outbound.on('data', (data) => forward(data, outbound, inbound));
    if (stalled) for (const socket of [inbound, outbound]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(data: Buffer, from: Socket, to: Socket): void {
  if (to.write(data)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
