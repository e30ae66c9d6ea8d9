/**
 * Moves a request's body from the client to the upstream, at the speed of the slower of the two. Its framing stays as
 * it came. A small body that has already arrived goes in one write with the head.
 */
import type { IncomingMessage } from 'node:http';
import { LeanRequest } from '../accept/lean-request.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import { HOP_BY_HOP } from '../wire/hop-by-hop.ts';
import { isSet } from '../wire/raw-headers.ts';
import type { RequestHead } from '../wire/request-head.ts';
import type { ForwardCall } from './forward-call.ts';

const JOIN_BYTES = 16_384;

interface PumpOwner {
  requestMoved(): void;
  requestSent(): void;
  requestTooLarge(): void;
}

export class RequestBodyPump {
  /** Bytes of the body that were taken from the client. */
  bytes = 0;
  /** Whether any were: then the request cannot be sent again. */
  taken = false;

  readonly #request: IncomingMessage;
  readonly #connection: UpstreamConnection;
  readonly #call: ForwardCall;
  readonly #owner: PumpOwner;
  readonly #chunked: boolean;
  readonly #limit: number;
  /** Only this reads the pieces of the body: with a server that is not ours, another listener might keep them. */
  readonly #ownsChunks: boolean;
  #head: string;
  #awaitsContinue: boolean;
  #upstreamBlocked = false;
  #over = false;

  constructor(
    request: IncomingMessage,
    head: RequestHead,
    connection: UpstreamConnection,
    call: ForwardCall,
    owner: PumpOwner,
  ) {
    this.#request = request;
    this.#connection = connection;
    this.#call = call;
    this.#owner = owner;
    this.#chunked = head.body === 'chunked';
    this.#limit = call.bodyLimit ?? Number.POSITIVE_INFINITY;
    this.#ownsChunks = request instanceof LeanRequest;
    this.#head = head.text;
    this.#awaitsContinue = head.expectsContinue;
  }

  /** True while the upstream holds the body up. */
  get blocked(): boolean {
    return this.#upstreamBlocked || this.#awaitsContinue;
  }

  start(): void {
    // A client that waits for 100 sends no body before the upstream has seen the head.
    if (this.#awaitsContinue) this.#flushHead();
    this.#request.on('data', this.#onData);
    this.#request.on('end', this.#onEnd);
    this.#request.resume();
    // After the first body bytes if they have arrived; otherwise before anything else.
    process.nextTick(this.#flushHead);
  }

  /** The upstream takes bytes again. */
  resume(): void {
    if (!this.#upstreamBlocked) return;
    this.#upstreamBlocked = false;
    this.#request.resume();
  }

  /** The upstream has sent 100. */
  continue(): void {
    this.#awaitsContinue = false;
  }

  /** Stops the transfer. Data that the client still sends is read and dropped, so that its connection stays usable. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    const request = this.#request;
    request.removeListener('data', this.#onData);
    request.removeListener('end', this.#onEnd);
    if (this.taken) request.resume();
    else request.pause();
  }

  readonly #flushHead = (): void => {
    if (this.#head === '' || this.#over) return;
    const head = this.#head;
    this.#head = '';
    this.#connection.write(head);
  };

  readonly #onData = (chunk: Buffer): void => {
    this.taken = true;
    this.#awaitsContinue = false;
    this.bytes += chunk.length;
    if (this.bytes > this.#limit) {
      this.#owner.requestTooLarge();
      return;
    }
    this.#owner.requestMoved();
    if (!this.#write(chunk)) {
      this.#upstreamBlocked = true;
      this.#request.pause();
    }
  };

  #write(chunk: Buffer): boolean {
    const before = this.#chunked ? `${this.#head}${chunk.length.toString(16)}\r\n` : this.#head;
    const after = this.#chunked ? '\r\n' : '';
    this.#head = '';
    if (chunk.length <= JOIN_BYTES)
      return this.#connection.write(before + chunk.latin1Slice(0, chunk.length) + after);
    const accepted = this.#connection.writeAround(before, chunk, after);
    if (this.#ownsChunks) freeMemory(chunk);
    return accepted;
  }

  readonly #onEnd = (): void => {
    this.taken = true;
    this.#over = true;
    const request = this.#request;
    request.removeListener('data', this.#onData);
    request.removeListener('end', this.#onEnd);
    const tail = this.#chunked ? `0\r\n${trailerLines(request.rawTrailers, this.#call)}\r\n` : '';
    const last = this.#head + tail;
    this.#head = '';
    if (last !== '') this.#connection.write(last);
    this.#owner.requestSent();
  };
}

/**
 * Node allocates memory for each piece of a body. Left to the collector, 64 KB at a time, it would be
 * collected only every few dozen megabytes and count as held until then: load would be shed for memory that
 * is free.
 */
function freeMemory({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Trailers must not contain fields that frame or route (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS = new Set<string>([
  ...HOP_BY_HOP,
  'content-length',
  'transfer-encoding',
  'host',
  'trailer',
  'authorization',
  'cookie',
]);

/** Fields that a client may not send in the head are not allowed as trailers either. */
function trailerLines(raw: readonly string[], { setHeaders, removeHeaders }: ForwardCall): string {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (NOT_IN_TRAILERS.has(name) || removeHeaders?.has(name)) continue;
    if (setHeaders !== undefined && isSet(setHeaders, name)) continue;
    text += `${raw[i]}: ${raw[i + 1]}\r\n`;
  }
  return text;
}
