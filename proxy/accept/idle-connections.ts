/**
 * Closes client connections that have been idle for too long, in one pass every few seconds. Node would set and clear
 * a timer for each request; here a request costs nothing. Never early: a connection may stay a pass longer than asked.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Seen {
  bytes: number;
  at: number;
}

/** The response that has its turn on the connection, or none: how Node's own server knows an idle connection. */
export interface InboundSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

export class IdleConnections {
  readonly #seen = new Map<InboundSocket, Seen>();
  /** May be changed at any time. */
  keepAliveMs: number;
  readonly #now: () => number;

  constructor(keepAliveMs: number, now: () => number = performance.now.bind(performance)) {
    this.keepAliveMs = keepAliveMs;
    this.#now = now;
  }

  /** Watches the connections of a server until it is closed. */
  watch(server: Server): void {
    server.on('connection', (socket: InboundSocket) => {
      this.#seen.set(socket, { bytes: -1, at: this.#now() });
      socket.on('close', () => this.#seen.delete(socket));
    });
    let timer: NodeJS.Timeout;
    const next = (): void => {
      timer = setTimeout(
        () => {
          this.sweep();
          next();
        },
        Math.min(5_000, Math.max(50, this.keepAliveMs / 8)),
      );
      timer.unref();
    };
    next();
    server.on('close', () => clearTimeout(timer));
  }

  /** A tunnel may be silent for as long as it likes. */
  leaveAlone(socket: object): void {
    this.#seen.delete(socket as InboundSocket);
  }

  sweep(): void {
    const now = this.#now();
    for (const [socket, seen] of this.#seen) {
      const bytes = socket.bytesRead;
      if (socket._httpMessage || bytes !== seen.bytes) {
        seen.bytes = bytes;
        seen.at = now;
      } else if (now - seen.at >= this.keepAliveMs) socket.destroySoon();
    }
  }
}
