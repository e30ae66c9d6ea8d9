/** A TCP relay between the engine and a database, so that a test can cut, stall or fragment the traffic. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Long enough for the receiver to process the first half before the second one arrives. */
const GAP_MS = 3;

export interface Relay {
  readonly port: number;
  /** Breaks every connection without notifying either end. */
  cut(): void;
  /** Forwards nothing in either direction until `resume`; connections stay open. */
  stall(): void;
  resume(): void;
  /** While on, the server's data arrives in halves, one a little after the other, cut at any place. */
  halve(on: boolean): void;
  close(): Promise<void>;
}

/** Relays loopback connections to `targetPort`. @param onSent receives what goes to the server */
export async function openRelay(targetPort: number, onSent?: (data: Buffer) => void): Promise<Relay> {
  const sockets = new Set<Socket>();
  let stalled = false;
  let halved = false;
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
    inbound.on('data', (data) => {
      onSent?.(data);
      forward(data, inbound, outbound);
    });
    outbound.on('data', (data) => {
      if (halved && data.length > 1) forwardHalves(data, outbound, inbound, () => stalled);
      else forward(data, outbound, inbound);
    });
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
    halve(on) {
      halved = on;
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

function forwardHalves(data: Buffer, from: Socket, to: Socket, isStalled: () => boolean): void {
  const middle = data.length >> 1;
  to.write(data.subarray(0, middle));
  from.pause();
  setTimeout(() => {
    if (to.destroyed) return;
    if (!isStalled()) from.resume();
    forward(data.subarray(middle), from, to);
  }, GAP_MS);
}
