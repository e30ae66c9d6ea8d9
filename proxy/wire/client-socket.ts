/**
 * A client's connection, for writing. Bytes bypass its stream where nothing waits there; short complete answers wait
 * for the end of the turn and leave together with those of other clients.
 *
 * Invariant: while a text of the connection waits for the end of the turn, nothing else is written to it and it is not
 * ended. It is flushed before its next response, before the end of the client's half, and before Node hands it over.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import {
  type DirectWrite,
  takesDirectWrites,
  type WriteListener,
  writeBytesDirectly,
  writeDirectly,
} from './direct-write.ts';
import { flushWrites, waitsToBeWritten, writeSoon } from './write-batch.ts';

/** The longest text that libuv writes at once without allocating memory. */
const DIRECT_BYTES = 16_384;

const KEPT = Symbol('ficus.client-socket');

interface KeptSocket extends Socket {
  [KEPT]?: ClientSocket;
}

export class ClientSocket {
  readonly #socket: Socket;
  readonly #direct: boolean;

  /** The connection's own: there is only one. */
  static of(socket: Socket): ClientSocket {
    const kept = socket as KeptSocket;
    kept[KEPT] ??= new ClientSocket(socket);
    return kept[KEPT];
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#direct = takesDirectWrites(socket);
    // Before Node's own listener, which also ends our half.
    socket.prependListener('end', flushWrites);
  }

  /** Writes text now, as latin1. Returns false, without effect, when the stream must be used. */
  writeText(text: string): boolean {
    return this.#direct && text.length <= DIRECT_BYTES && writeDirectly(this.#socket, text);
  }

  /** The same at the end of the turn. */
  writeSoon(text: string): boolean {
    return this.#direct && text.length <= DIRECT_BYTES && writeSoon(this.#socket, text);
  }

  /** Writes bytes now; they must stay as they are while they are `waiting`. */
  writeBytes(bytes: Uint8Array, listener: WriteListener): DirectWrite {
    return this.#direct ? writeBytesDirectly(this.#socket, bytes, listener) : 'refused';
  }

  /** Writes what waits for the end of the turn. */
  settle(): void {
    if (waitsToBeWritten(this.#socket)) flushWrites();
  }
}

/** Flushes what Node takes out of the server, before the server's own listeners write to it. */
export function settleBeforeHandOver(server: Server): void {
  for (const event of ['upgrade', 'connect', 'clientError']) server.prependListener(event, flushWrites);
}
