/**
 * One connection to an upstream, and the response parser on it. It carries one exchange at a time and belongs to its
 * pool. Listeners are attached once, when it is opened; its user is a field, so that an exchange adds none.
 *
 * `onread` delivers bytes in memory that all plain connections share: the kernel's read and our parser run in one go,
 * so nothing else writes to it meanwhile. TLS connections have their own memory, because their reads may nest.
 */
import type { Socket } from 'node:net';
import type { AddressRecord } from '../resilience/address-record.ts';
import {
  available,
  type PeerListener,
  takesDirectWrites,
  type WriteListener,
  writeBytesDirectly,
  writeDirectly,
} from '../wire/direct-write.ts';
import { ResponseParser as Parser, type ResponseParser, type ResponseSink } from '../wire/response-parser.ts';
import { batchNumber, writeSoon } from '../wire/write-batch.ts';
import { BLOCK_BYTES, type BlockOwner, WriteBlock } from '../wire/write-block.ts';

/** Why an exchange lost its connection. */
export type LossCause = 'reset' | 'invalid';

/** The exchange on the connection. */
export interface ConnectionUser extends ResponseSink {
  /** The client's connection, where there is a client. */
  readonly client?: Socket | undefined;
  /** Everything from one read has been parsed: the moment to write what was gathered. */
  onReadDone(complete: boolean): void;
  /** The connection is lost, and with it the exchange. */
  onLost(cause: LossCause, detail: string): void;
  /** The connection takes more bytes of the request again. */
  onWritable(): void;
  /** Called every few milliseconds: compare deadlines. */
  onSweep(now: number): void;
}

/** A tunnel's end: receives raw bytes after an accepted upgrade. */
export interface TunnelUser {
  onTunnelBytes(memory: Buffer, start: number, end: number): void;
  onTunnelEnd(): void;
  onTunnelWritable(): void;
  onTunnelLost(detail: string): void;
  onTunnelSweep(now: number): void;
}

/** The pool's side of a connection. */
export interface ConnectionOwner {
  /** The exchange is over and the connection may be reused. */
  onReusable(connection: UpstreamConnection): void;
  /** It is lost: its place is free before its user is notified, who may need another connection. */
  onUnusable(connection: UpstreamConnection): void;
  /** It is closed, and its user has been notified. */
  onClosed(connection: UpstreamConnection): void;
}

export class UpstreamConnection implements WriteListener, BlockOwner, PeerListener {
  readonly parser: ResponseParser = new Parser();
  /** Exchanges that were completed on it. */
  served = 0;
  /** When it became idle, for the pool. */
  idleSince = 0;
  /** What the upstream said about its keep-alive timeout, or -1. */
  keepAliveSeconds = -1;
  closed = false;
  readonly address: string;
  /** The client that has logged in on it, or may have: it serves no other. */
  client: Socket | undefined;
  /** Receives answers and failures, when the upstream has other addresses. */
  health: AddressRecord | undefined;

  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #direct: boolean;
  #user: ConnectionUser | undefined;
  #tunnel: TunnelUser | undefined;
  #requestSent = false;
  /** Part of the request has been written: anything read from now on may be its answer. */
  #begun = false;
  /** The upstream takes no more of the request. */
  #deaf = false;
  /** The number of the batch that the request leaves with. */
  #batch = -1;
  #lossDetail = '';
  #hasLogin = false;

  constructor(socket: Socket, owner: ConnectionOwner, address: string, health: AddressRecord | undefined) {
    this.#socket = socket;
    this.#owner = owner;
    this.#direct = takesDirectWrites(socket);
    this.address = address;
    this.health = health;
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#lossDetail = error.code ?? error.message;
    });
    socket.on('close', () => this.#onClose());
  }

  get user(): ConnectionUser | undefined {
    return this.#user;
  }

  get tunnel(): TunnelUser | undefined {
    return this.#tunnel;
  }

  /** False once it is closed or closing. */
  get usable(): boolean {
    return !this.closed && !this.#socket.destroyed && this.#socket.writable;
  }

  /** Cuts it while in use; the user is notified as of any loss. */
  abort(): void {
    this.#lossDetail = 'the upstream is closed';
    this.health = undefined;
    this.#socket.destroy();
  }

  /** Begins an exchange. */
  attach(user: ConnectionUser, method: string, mayUpgrade: boolean): void {
    this.#user = user;
    this.#requestSent = false;
    this.#begun = false;
    this.parser.begin(method, mayUpgrade);
  }

  /** A client logs in on it. @param client undefined when nothing may follow its answer */
  bindTo(client: Socket | undefined): void {
    this.#hasLogin = true;
    this.client = client;
  }

  /** The request is completely sent: without this the connection is not reused. */
  requestSent(): void {
    this.#requestSent = true;
  }

  /** Writes; false means wait for `onWritable`. The buffer must not change. */
  write(data: string | Buffer): boolean {
    if (this.#deaf) return true;
    const accepted = typeof data === 'string' ? this.#writeText(data) : this.#writeBytes(data);
    this.#begun = true;
    return accepted;
  }

  #writeText(text: string): boolean {
    return (this.#direct && writeDirectly(this.#socket, text, this)) || this.#socket.write(text, 'latin1');
  }

  #writeBytes(bytes: Buffer): boolean {
    const written = this.#direct ? writeBytesDirectly(this.#socket, bytes, this, this) : 'refused';
    return written === 'refused' ? this.#socket.write(bytes) : written === 'whole';
  }

  /**
   * An upstream that refuses a body (413, 401) may answer and reset at once. Both are in the kernel when the next piece
   * of the body fails: first the answer is read, then the end.
   */
  onPeerGone(): void {
    if (this.#begun && this.#tunnel === undefined) this.#deaf = true;
    else this.#socket.destroy();
  }

  /** Writes a request that consists of this head alone: at the end of the turn, with those of other connections. */
  writeWhole(head: string): void {
    const batch = batchNumber();
    if ((this.#direct || !available) && writeSoon(this.#socket, head)) this.#batch = batch;
    else this.write(head);
  }

  /** Writes a chunk between two texts in one go. Copies the chunk: the caller may reuse its memory at once. */
  writeAround(before: string, chunk: Buffer, after: string): boolean {
    if (this.#deaf) return true;
    if (before.length + chunk.length + after.length > BLOCK_BYTES) {
      const whole = [Buffer.from(before, 'latin1'), chunk, Buffer.from(after, 'latin1')];
      return this.write(Buffer.concat(whole));
    }
    const block = WriteBlock.take(this);
    block.addText(before);
    block.addBytes(chunk, 0, chunk.length);
    block.addText(after);
    const written = this.#direct ? writeBytesDirectly(this.#socket, block.bytes, block, this) : 'refused';
    this.#begun = true;
    if (written === 'refused') return this.#socket.write(block.bytes, () => block.giveBack());
    if (written === 'waiting') return false;
    block.giveBack();
    return true;
  }

  /** Waiting bytes have been written. */
  onWritten(): void {
    this.#onDrain();
  }

  onBlockWritten(): void {
    this.#onDrain();
  }

  /** Another user takes over the rest of the response. */
  handTo(user: ConnectionUser): void {
    this.#user = user;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the exchange at once; the connection is not reused. */
  destroy(): void {
    if (this.#user !== undefined) this.health?.abandoned(this.parser.head.status);
    this.#user = undefined;
    this.#tunnel = undefined;
    this.#socket.destroy();
  }

  /** After 101: raw bytes from now on. */
  becomeTunnel(tunnel: TunnelUser): void {
    this.#user = undefined;
    this.#tunnel = tunnel;
  }

  /** Ends the sending half of a tunnel. */
  endTunnel(): void {
    this.#socket.end();
  }

  /** From the socket's `onread`. Returns true: `pause` does the pausing. */
  onRead(length: number, memory: Buffer): boolean {
    if (this.#tunnel !== undefined) {
      this.#tunnel.onTunnelBytes(memory, 0, length);
      return true;
    }
    const user = this.#user;
    if (user === undefined) {
      // Bytes without a request would be mistaken for the answer to the next one.
      this.#socket.destroy();
      return true;
    }
    if (this.#batch === batchNumber()) {
      // The request has not left, so this cannot be its answer (a 408 for an idle connection, or worse).
      this.#lose('reset', 'the upstream sent data before any request');
      return true;
    }
    const { parser } = this;
    parser.execute(user, memory, length);
    if (this.#user !== user) return this.#afterUserChange(memory, length);
    if (parser.failed) this.#lose('invalid', parser.error);
    else if (parser.done) this.#complete(user);
    else user.onReadDone(false);
    return true;
  }

  /** While parsing, the user gave up the connection or turned it into a tunnel that already has bytes. */
  #afterUserChange(memory: Buffer, length: number): boolean {
    const { surplusBytes } = this.parser;
    if (this.#tunnel !== undefined && surplusBytes > 0) {
      this.#tunnel.onTunnelBytes(memory, length - surplusBytes, length);
    }
    return true;
  }

  #complete(user: ConnectionUser): void {
    const { parser } = this;
    this.#user = undefined;
    this.served += 1;
    if (parser.head.connectionLogin) this.bindTo(user.client);
    const sent = this.#requestSent && !this.#deaf && (!this.#hasLogin || this.client !== undefined);
    const reusable = parser.persistent && parser.surplusBytes === 0 && sent && !this.#socket.destroyed;
    const welcome = this.health === undefined || this.health.answered(parser.head.status);
    const { keepAliveSeconds } = parser.head;
    // For 0 seconds: the upstream may close it while our next request is in transit.
    if (reusable && welcome && keepAliveSeconds !== 0) {
      this.keepAliveSeconds = keepAliveSeconds;
      // Released first: the user may want a connection next.
      this.#owner.onReusable(this);
    } else this.#socket.destroy();
    user.onReadDone(true);
  }

  #lose(cause: LossCause, detail: string): void {
    const user = this.#user;
    this.#user = undefined;
    this.#socket.destroy();
    if (user !== undefined) this.#reportLost(cause);
    this.#owner.onUnusable(this);
    user?.onLost(cause, detail);
  }

  /** A kept connection closed before any answer was idle for too long: no failure. */
  #reportLost(cause: LossCause): void {
    if (this.served > 0 && cause === 'reset' && this.parser.head.status === 0) return;
    this.health?.failed(cause);
  }

  #onDrain(): void {
    if (this.#tunnel !== undefined) this.#tunnel.onTunnelWritable();
    else this.#user?.onWritable();
  }

  #onEnd(): void {
    if (this.#tunnel !== undefined) {
      this.#tunnel.onTunnelEnd();
      return;
    }
    const user = this.#user;
    if (user !== undefined && this.parser.endsWithStream) {
      this.parser.endOfStream(user);
      this.#complete(user);
      return;
    }
    if (user !== undefined) this.#lose('reset', 'the upstream closed the connection');
    else this.#socket.destroy();
  }

  #onClose(): void {
    this.closed = true;
    this.#owner.onUnusable(this);
    const detail = this.#lossDetail === '' ? 'the connection was closed' : this.#lossDetail;
    const tunnel = this.#tunnel;
    this.#tunnel = undefined;
    tunnel?.onTunnelLost(detail);
    const user = this.#user;
    this.#user = undefined;
    if (user !== undefined) this.#reportLost('reset');
    user?.onLost('reset', detail);
    this.#owner.onClosed(this);
  }
}
