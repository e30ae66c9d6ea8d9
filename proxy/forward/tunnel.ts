/** Two connections joined after an accepted upgrade: bytes both ways, back-pressure, half-close, and one end. */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { TunnelUser, UpstreamConnection } from '../upstream/upstream-connection.ts';

export class Tunnel implements TunnelUser {
  bytesToClient = 0;
  bytesToUpstream = 0;

  readonly #socket: Duplex;
  readonly #connection: UpstreamConnection;
  readonly #halfOpenMs: number;
  readonly #onOver: () => void;
  #clientEnded = false;
  #upstreamEnded = false;
  #upstreamGone = false;
  #over = false;
  #movedAt = 0;

  /** @param halfOpenMs how long one half may stay silent once the other has ended */
  constructor(socket: Duplex, connection: UpstreamConnection, halfOpenMs: number, onOver: () => void) {
    this.#socket = socket;
    this.#connection = connection;
    this.#halfOpenMs = halfOpenMs;
    this.#onOver = onOver;
  }

  /** @param early what the client has sent already */
  begin(early: readonly Buffer[]): void {
    const socket = this.#socket;
    for (const chunk of early) this.#toUpstream(chunk);
    socket.on('data', (chunk: Buffer) => this.#toUpstream(chunk));
    socket.on('end', () => {
      this.#clientEnded = true;
      this.#movedAt = performance.now();
      this.#connection.endTunnel();
    });
    socket.on('drain', () => this.#connection.resume());
    socket.on('close', () => this.#finish());
    if (socket.destroyed) process.nextTick(() => this.#finish());
    else socket.resume();
  }

  /** Ends both at once. */
  cut(): void {
    this.#finish();
  }

  onTunnelBytes(memory: Buffer, start: number, end: number): void {
    this.bytesToClient += end - start;
    this.#movedAt = performance.now();
    if (!this.#socket.write(Buffer.from(memory.subarray(start, end)))) this.#connection.pause();
  }

  onTunnelEnd(): void {
    this.#upstreamEnded = true;
    this.#movedAt = performance.now();
    this.#socket.end();
  }

  onTunnelWritable(): void {
    this.#socket.resume();
  }

  onTunnelLost(): void {
    this.#upstreamGone = true;
    // What was written to the client still arrives when the upstream ended in order.
    if (!this.#upstreamEnded) this.#finish();
    else if (this.#socket.writableFinished) this.#finish();
    else this.#socket.once('finish', () => this.#finish());
  }

  onTunnelSweep(now: number): void {
    if ((this.#clientEnded || this.#upstreamEnded) && now - this.#movedAt > this.#halfOpenMs) this.#finish();
  }

  #toUpstream(chunk: Buffer): void {
    this.bytesToUpstream += chunk.length;
    this.#movedAt = performance.now();
    if (!this.#connection.write(chunk)) this.#socket.pause();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#upstreamGone) this.#connection.destroy();
    this.#socket.destroy();
    this.#onOver();
  }
}
