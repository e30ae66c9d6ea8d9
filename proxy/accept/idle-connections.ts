/**
 * Closes client connections that have been idle for too long, in one pass every few seconds. Node would set and clear a
 * timer for each request; here a request costs nothing. Never early: a connection may stay a pass longer than
 * configured.
 *
 * A client that does not read is idle too: once an answer is complete, no exchange watches over it.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cutClient } from '../respond/cut-client.ts';

interface Seen {
  bytes: number;
  unsent: number;
  at: number;
  /** Detached from the HTTP server: for a tunnel, or for an upgrade that is refused. */
  handedOver: boolean;
}

/** The response whose turn it is on the connection, if any: this is how Node's server recognizes an idle connection. */
export interface InboundSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
  readonly _handle?: { readonly writeQueueSize?: number } | null;
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

  /** Watches the connections of a server until it is closed. @param event emitted with each that HTTP is spoken on */
  watch(server: Server, event: 'connection' | 'secureConnection' = 'connection'): void {
    server.on(event, (socket: InboundSocket) => {
      this.#seen.set(socket, { bytes: -1, unsent: 0, at: this.#now(), handedOver: false });
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

  /** Makes answers that have not begun the last of their connections. */
  endAll(): void {
    for (const { _httpMessage: response } of this.#seen.keys()) {
      if (response && !response.headersSent) response.shouldKeepAlive = false;
    }
  }

  /** Closes those that were opened this long ago and have sent nothing: Node does not count them as idle. */
  closeUnused(olderThanMs: number): void {
    const now = this.#now();
    for (const [socket, { at }] of this.#seen) {
      if (socket.bytesRead === 0 && now - at >= olderThanMs) socket.destroySoon();
    }
  }

  /** Cuts all, including those that Node has handed over. A client whose answer is in progress has to notice. */
  cutAll(): void {
    for (const socket of this.#seen.keys()) {
      if (socket._httpMessage) cutClient(socket, false);
      else socket.destroy();
    }
  }

  /** A tunnel may be silent for any time until our half of it has ended. */
  unwatch(socket: object): void {
    const seen = this.#seen.get(socket as InboundSocket);
    if (seen) seen.handedOver = true;
  }

  sweep(): void {
    const now = this.#now();
    for (const [socket, seen] of this.#seen) {
      const bytes = socket.bytesRead;
      const unsent = unsentBytes(socket);
      const inUse = seen.handedOver ? !socket.writableEnded : isServed(socket, unsent);
      if (inUse || bytes !== seen.bytes || unsent !== seen.unsent) {
        seen.bytes = bytes;
        seen.unsent = unsent;
        seen.at = now;
      } else if (now - seen.at >= this.keepAliveMs) {
        // A clean end would wait for data that the client does not read.
        if (unsent > 0) socket.destroy();
        else socket.destroySoon();
      }
    }
  }
}

/** Bytes that the kernel has not taken: in the stream, and beneath it. */
function unsentBytes(socket: InboundSocket): number {
  return socket.writableLength + (socket._handle?.writeQueueSize ?? 0);
}

/** Whether a response is in progress and its deadlines are watched: only once those before it are sent. */
function isServed({ _httpMessage: response }: InboundSocket, unsent: number): boolean {
  if (!response) return false;
  return unsent === 0 || (response.headersSent && !response.writableEnded);
}
