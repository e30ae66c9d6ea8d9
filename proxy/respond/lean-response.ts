/**
 * A `ServerResponse` for `http.createServer({ ServerResponse })` that costs a proxy less. Clients see no difference; it
 * omits what Node does for users that a proxy does not have:
 *
 * - one `close` listener for each socket instead of one added and removed for each response;
 * - an exchange learns of the client's end by a field instead of a listener;
 * - a response that is complete at once is one write without a callback: `finish` comes at once, not a turn later.
 *
 * The forwarder works with a plain ServerResponse as well (a proxy embedded in another server). Where Node lacks the
 * internals that this needs (`nodeInternals.responses`), it behaves like one, and still reports its turn and its
 * client's disconnect.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ClientSocket } from '../wire/client-socket.ts';
import type { DirectWrite, WriteListener } from '../wire/direct-write.ts';
import { nodeInternals } from '../wire/node-internals.ts';
import type { ClientWatcher } from './client-side.ts';

interface ServedSocket extends Socket {
  _httpMessage?: LeanResponse | null;
  [WATCHED]?: boolean;
}

interface Internals {
  finished: boolean;
  destroyed: boolean;
  _closed: boolean;
  readonly _last: boolean;
  _header: string | null;
  _headerSent: boolean;
  outputData: readonly unknown[];
  socket: Socket | null;
  _flush(): void;
}

/** Its `close` has a listener. */
const WATCHED = Symbol('ficus.watched');

export class LeanResponse extends ServerResponse<IncomingMessage> {
  watcher: Pick<ClientWatcher, 'onClientClose'> | undefined = undefined;
  /** Called when a response that was queued behind another on its connection reaches the front. */
  onTurn: (() => void) | undefined = undefined;

  override assignSocket(socket: Socket): void {
    if (nodeInternals.responses) this.#takeSocket(socket);
    else super.assignSocket(socket);
    if (this.onTurn === undefined) return;
    // Deferred: not inside the end of the previous response.
    process.nextTick(this.onTurn);
    this.onTurn = undefined;
  }

  #takeSocket(socket: Socket): void {
    const served = socket as ServedSocket;
    ClientSocket.of(socket).settle();
    if (served[WATCHED] !== true) {
      served[WATCHED] = true;
      socket.on('close', onSocketClose);
    }
    served._httpMessage = this;
    const self = this as unknown as Internals;
    self.socket = socket;
    if (self.outputData.length > 0 || self.finished) self._flush();
  }

  override detachSocket(socket: Socket): void {
    if (!nodeInternals.responses) {
      super.detachSocket(socket);
      return;
    }
    (socket as ServedSocket)._httpMessage = null;
    (this as unknown as Internals).socket = null;
  }

  override emit(event: string | symbol, argument?: unknown): boolean {
    if (event === 'close') {
      const { watcher } = this;
      this.watcher = undefined;
      watcher?.onClientClose();
    }
    return super.emit(event, argument);
  }

  /** Writes text, the first with the head. Returns false, without effect, when the stream must be used. */
  writeText(text: string): boolean {
    if (this.#connection?.writeText(text) !== true) return false;
    this.#noteHead();
    return true;
  }

  /** The same with bytes, which must stay as they are while they are `waiting`. */
  writeBytes(bytes: Uint8Array, listener: WriteListener): DirectWrite {
    const written = this.#connection?.writeBytes(bytes, listener) ?? 'refused';
    if (written !== 'refused') this.#noteHead();
    return written;
  }

  /** The connection, when this response is at the front of it and nothing of it waits. */
  get #connection(): ClientSocket | undefined {
    if (!nodeInternals.responses) return undefined;
    const { socket, outputData } = this as unknown as Internals;
    return socket === null || outputData.length > 0 ? undefined : ClientSocket.of(socket);
  }

  /** Node's own end of a response asks whether its head is out. */
  #noteHead(): void {
    const self = this as unknown as Internals;
    self._header ??= 'written';
    self._headerSent = true;
  }

  /**
   * Writes head and body in one go and ends. Returns false, without effect, where the response is not at the front of
   * its connection or has already begun: then the stream must be used.
   * @param text as latin1
   */
  endWhole(text: string): boolean {
    if (!nodeInternals.responses) return false;
    const self = this as unknown as Internals;
    const { socket } = self;
    if (socket === null || self._header !== null || !socket.writable || self.outputData.length > 0)
      return false;
    self._header = text;
    self._headerSent = true;
    self.finished = true;
    const connection = ClientSocket.of(socket);
    // The connection ends after the last one, without waiting for the end of the turn.
    const written = self._last ? connection.writeText(text) : connection.writeSoon(text);
    if (!written) socket.write(text, 'latin1');
    // Node's server listens: it takes the next pipelined response, or closes after the last.
    super.emit('finish');
    return true;
  }
}

function onSocketClose(this: Socket): void {
  const response = (this as ServedSocket)._httpMessage;
  if (!response) return;
  const internals = response as unknown as Internals;
  if (internals._closed) return;
  internals.destroyed = true;
  internals._closed = true;
  response.emit('close');
}
