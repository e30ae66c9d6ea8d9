/**
 * Bytes of the new protocol that a client sends before its upgrade is accepted. They belong to the socket, not to one
 * attempt: the next attempt, to any side, begins with everything read so far, including between the two attempts.
 *
 * The socket is read from the beginning, although nothing may be passed on yet: otherwise a client that resets during
 * the handshake would go unnoticed and leave its upstream connection behind.
 */
import type { Duplex } from 'node:stream';

/** More stays in the kernel, which slows the client down. */
const MOST_BYTES = 65_536;

const held = new WeakMap<Duplex, EarlyBytes>();

export class EarlyBytes {
  readonly #socket: Duplex;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /**
   * Those of the socket; reading starts with the first call.
   * @param head what came along with the request
   */
  static of(socket: Duplex, head: Buffer): EarlyBytes {
    let early = held.get(socket);
    if (early === undefined) {
      early = new EarlyBytes(socket, head);
      held.set(socket, early);
    }
    return early;
  }

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    if (head.length > 0) this.#take(head);
    socket.on('data', this.#take);
    // Its upgrade was refused: data that it still sends is dropped, but must be read to notice its end.
    socket.on('finish', this.drop);
  }

  /** For the tunnel, which reads the socket from now on. */
  takeAll(): readonly Buffer[] {
    this.#stop();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** Drops them, and what follows. */
  readonly drop = (): void => {
    this.#stop();
    this.#chunks = [];
    this.#socket.resume();
  };

  readonly #take = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > MOST_BYTES) this.#socket.pause();
  };

  #stop(): void {
    this.#socket.removeListener('data', this.#take);
    this.#socket.removeListener('finish', this.drop);
  }
}
