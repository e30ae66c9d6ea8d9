/**
 * Opens one connection: tries the addresses of the name in turn, each with a fair part of the remaining time, then TLS.
 * An address that refuses costs nothing; a silent one must not use up the time of the others.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { AddressHealth } from '../resilience/address-health.ts';
import { type Address, type AddressBook, addressKey } from './address-book.ts';
import { type ConnectionOwner, UpstreamConnection } from './upstream-connection.ts';

const PLAIN_READ_BYTES = 65_536;
const TLS_READ_BYTES = 16_384;
/** All plain connections read into this: see upstream-connection.ts. */
const SHARED_MEMORY = Buffer.allocUnsafeSlow(PLAIN_READ_BYTES);

/** Failures on our side of the connection, for which neither an address nor its upstream is to blame. */
const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);
const SILENT: NodeJS.ErrnoException = new Error('no connection in time');
const UNRESOLVED: NodeJS.ErrnoException = new Error('the name was not resolved in time');

export interface Destination {
  readonly port: number;
  readonly book: AddressBook;
  /** Present for https. */
  readonly tls: ConnectionOptions | undefined;
  /** Undefined when there is only one address. */
  readonly health: AddressHealth | undefined;
}

export type Opened =
  | { readonly kind: 'open'; readonly connection: UpstreamConnection }
  | { readonly kind: 'failed'; readonly cause: OpeningFailure; readonly detail: string };

/** `overloaded`: this process has no file descriptor, port or memory left for it. */
type OpeningFailure = 'refused' | 'timed-out' | 'overloaded';

/** An attempt that can be abandoned. */
export class OpeningConnection {
  readonly #destination: Destination;
  readonly #owner: ConnectionOwner;
  readonly #deadline: number;
  readonly #done: (opened: Opened) => void;
  readonly #probe: string | undefined;
  #addresses: readonly Address[] = [];
  #index = 0;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #lastError = 'no address';
  #lastCause: OpeningFailure = 'refused';

  /**
   * @param done called once, possibly before the constructor returns
   * @param probe key of the address to try first
   */
  constructor(
    destination: Destination,
    owner: ConnectionOwner,
    connectMs: number,
    done: (opened: Opened) => void,
    probe?: string,
  ) {
    this.#destination = destination;
    this.#owner = owner;
    this.#deadline = performance.now() + connectMs;
    this.#done = done;
    this.#probe = probe;
  }

  start(): void {
    this.#startTimer(this.#left(), undefined, () => {
      this.#note(UNRESOLVED);
      this.#giveUp();
    });
    this.#destination.book.addresses(performance.now(), (error, addresses) => {
      if (this.#over) return;
      if (error) {
        this.#note(error);
        this.#giveUp();
        return;
      }
      this.#addresses = this.#ordered(addresses);
      this.#tryNext();
    });
  }

  /** The address to probe comes first, ejected ones last. */
  #ordered(addresses: readonly Address[]): readonly Address[] {
    const { health } = this.#destination;
    if (health === undefined) return addresses;
    const byKey = new Map(addresses.map((address) => [addressKey(address), address]));
    const ordered = health.arrange([...byKey.keys()]);
    const keys = new Set(this.#probe === undefined ? ordered : [this.#probe, ...ordered]);
    return [...keys].flatMap((key) => byKey.get(key) ?? []);
  }

  /** Gives up without calling back. */
  abandon(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #left(): number {
    return Math.max(1, this.#deadline - performance.now());
  }

  #tryNext(): void {
    clearTimeout(this.#timer);
    const address = this.#addresses[this.#index];
    if (address === undefined || performance.now() >= this.#deadline) {
      this.#giveUp();
      return;
    }
    const share = this.#left() / (this.#addresses.length - this.#index);
    this.#index += 1;
    this.#attempt(address, share);
  }

  #attempt(address: Address, timeoutMs: number): void {
    let connection: UpstreamConnection | undefined;
    const { tls, health } = this.#destination;
    const port = address.port ?? this.#destination.port;
    const key = addressKey(address);
    const memory = tls === undefined ? SHARED_MEMORY : Buffer.allocUnsafeSlow(TLS_READ_BYTES);
    const onread = {
      buffer: memory,
      callback: (length: number): boolean => connection?.onRead(length, memory) ?? true,
    };
    const place =
      address.family === 0
        ? { path: address.address }
        : { host: address.address, port, family: address.family };
    const where = {
      ...place,
      allowHalfOpen: true,
      noDelay: true,
      onread,
    };
    const socket: Socket =
      tls === undefined
        ? connectTcp(where)
        : (connectTls({ ...tls, ...where } as ConnectionOptions) as TLSSocket);
    this.#socket = socket;
    socket.setKeepAlive(true, 30_000);
    const failed = (error: NodeJS.ErrnoException): void => {
      const cause = this.#note(error);
      if (cause !== 'overloaded') health?.of(key)?.failed(cause);
      socket.removeAllListeners();
      socket.on('error', ignore);
      socket.destroy();
      if (!this.#over) this.#tryNext();
    };
    const ended = (): void =>
      failed(new Error('the upstream closed the connection while it was being opened'));
    this.#startTimer(timeoutMs, socket, () => failed(SILENT));
    socket.once('error', failed);
    socket.once('close', ended);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      if (this.#over) return;
      this.#over = true;
      clearTimeout(this.#timer);
      socket.removeListener('error', failed);
      socket.removeListener('close', ended);
      connection = new UpstreamConnection(socket, this.#owner, key, health?.of(key));
      this.#done({ kind: 'open', connection });
    });
  }

  /**
   * Runs after reading, as in sweeper.ts: events that have happened are handled first. @param socket of the timed
   * attempt
   */
  #startTimer(ms: number, socket: Socket | undefined, expired: () => void): void {
    const expire = (): void => {
      if (!this.#over && this.#socket === socket) expired();
    };
    this.#timer = setTimeout(() => setImmediate(expire), ms);
  }

  #note(error: NodeJS.ErrnoException): OpeningFailure {
    const { code, message } = error;
    const isOurs = OURS.has(code ?? '');
    this.#lastError = isOurs ? `the proxy can open no further connection (${code})` : (code ?? message);
    if (isOurs) this.#lastCause = 'overloaded';
    else this.#lastCause = error === SILENT || error === UNRESOLVED ? 'timed-out' : 'refused';
    return this.#lastCause;
  }

  #giveUp(): void {
    if (this.#over) return;
    this.abandon();
    this.#done({ kind: 'failed', cause: this.#lastCause, detail: this.#lastError });
  }
}

function ignore(): void {}
