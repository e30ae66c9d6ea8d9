/**
 * Reads the rest of a response that was discarded, so that its connection may serve again. Bounded in bytes and
 * time: past that, a new connection is cheaper.
 */
import { performance } from 'node:perf_hooks';
import type { ConnectionUser, UpstreamConnection } from '../upstream/upstream-connection.ts';

const MOST_BYTES = 65_536;
const MOST_MS = 1_000;

class Discarder implements ConnectionUser {
  readonly #connection: UpstreamConnection;
  readonly #until = performance.now() + MOST_MS;
  #bytes = 0;

  constructor(connection: UpstreamConnection) {
    this.#connection = connection;
  }

  onInterim(): void {}

  onHead(): boolean {
    return true;
  }

  onBody(_memory: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
  }

  onEnd(): void {}

  onReadDone(complete: boolean): void {
    if (!complete && this.#bytes > MOST_BYTES) this.#connection.destroy();
  }

  onLost(): void {}

  onWritable(): void {}

  onSweep(now: number): void {
    if (now > this.#until) this.#connection.destroy();
  }
}

export function drainAfterDiscard(connection: UpstreamConnection): void {
  connection.handTo(new Discarder(connection));
}
