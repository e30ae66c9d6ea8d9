/**
 * The answer to a request with Upgrade, written to the bare socket that Node has handed over. After 101 the socket
 * belongs to a tunnel; any other final answer is the last thing on its connection.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { joinFields } from '../wire/field-text.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import { httpDate } from '../wire/http-date.ts';
import type { ClientSide, ClientWatcher } from './client-side.ts';
import { cutClient } from './cut-client.ts';
import type { ResponseAmendments } from './response-amendments.ts';

export class SocketResponse implements ClientSide {
  readonly error = '';
  started = false;

  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  #watcher: ClientWatcher | undefined;
  #trailers = '';
  #chunked = false;
  /** The client knows the end of the body from its framing. */
  #delimited = true;

  constructor(request: IncomingMessage, socket: Duplex) {
    this.#request = request;
    this.#socket = socket;
  }

  get blocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get gone(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  watch(watcher: ClientWatcher): void {
    this.#watcher = watcher;
    this.#socket.on('error', ignore);
    this.#socket.on('drain', this.#onDrain);
    this.#socket.on('close', this.#onClose);
    // A client that ends its half during the handshake no longer wants a tunnel.
    this.#socket.on('end', this.#onClose);
  }

  interim(head: HeadLines): void {
    this.#socket.write(`HTTP/1.1 ${head.statusText()}\r\n${head.text(false)}\r\n`, 'latin1');
  }

  /** The hook for response heads is not called for upgrades. */
  begin(head: HeadLines, { responseHeaders }: ResponseAmendments): boolean {
    this.started = true;
    const switching = head.status === 101;
    let text = `HTTP/1.1 ${head.statusText()}\r\n${head.text(true)}`;
    if (!head.hasDate && !switching) text += `Date: ${httpDate()}\r\n`;
    if (responseHeaders !== undefined) text += joinFields(responseHeaders);
    text += switching ? `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n` : 'Connection: close\r\n';
    const bodiless = head.status === 304 || this.#request.method === 'HEAD';
    this.#chunked = head.chunked && !bodiless;
    this.#delimited = bodiless || head.chunked || head.contentLength !== -1;
    this.#socket.write(`${text}\r\n`, 'latin1');
    return true;
  }

  body(memory: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    const piece = memory.latin1Slice(start, end);
    this.#socket.write(this.#chunked ? `${length.toString(16)}\r\n${piece}\r\n` : piece, 'latin1');
  }

  trailers(trailers: HeadLines): void {
    this.#trailers = trailers.text(false);
  }

  end(): void {
    if (this.#chunked) this.#socket.write(`0\r\n${this.#trailers}\r\n`, 'latin1');
    this.#socket.end();
  }

  /** Everything is written at once. */
  flush(): boolean {
    return !this.blocked;
  }

  cut(): void {
    cutClient(this.#socket, this.#delimited);
  }

  release(): void {
    this.#watcher = undefined;
    this.#socket.removeListener('drain', this.#onDrain);
    this.#socket.removeListener('close', this.#onClose);
    this.#socket.removeListener('end', this.#onClose);
  }

  readonly #onDrain = (): void => this.#watcher?.onClientDrain();

  readonly #onClose = (): void => this.#watcher?.onClientClose();
}

function ignore(): void {}
