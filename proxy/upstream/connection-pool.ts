/**
 * The connections to one upstream. Idle ones are reused last in, first out, so that surplus ones grow old and are
 * closed; waiting requests are served first come, first served.
 *
 * A place (`pool.connections`) is for work that ends: it protects an upstream from more requests at once than it can
 * work on. Event streams and tunnels never end by themselves, and would in time hold all places, so they have a bound of
 * their own (`pool.streams`). Both bounds are off unless they are configured: a client connection has at most one
 * request in progress, so `limits.connections` bounds them all.
 *
 * A new connection is opened for a request that finds none idle, but it is not bound to it: whichever connection is
 * free first takes the request that has waited longest. Only a request that insists on a fresh connection gets the one
 * that is opened for it; where there is no place for one, it waits like any other.
 */
import type { UpstreamConfig } from '@ficus/core';
import { turnNow } from '../clock/turn-clock.ts';
import { LoginConnections } from './login-connections.ts';
import { type Destination, type Opened, OpeningConnection } from './open-connection.ts';
import { sweeper } from './sweeper.ts';
import type { ConnectionOwner, UpstreamConnection } from './upstream-connection.ts';
import { type ConnectionSeeker, WaitingQueue } from './waiting-queue.ts';

/** Closer than this to the upstream's own timeout, it may close the connection while our request is in transit. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** Interval of the passes that close connections idle for too long, unless the process was held up. */
const PASS_MS = 50;

export class ConnectionPool implements ConnectionOwner {
  readonly #destination: Destination;
  readonly #config: UpstreamConfig;
  readonly #onLost: (detail: string) => void;
  readonly #idle: UpstreamConnection[] = [];
  readonly #places: number;
  readonly #mostEndless: number;
  /** All connections that take a place; those without a user are idle. */
  readonly #all = new Set<UpstreamConnection>();
  /** Tunnels and event streams. */
  readonly #endless = new Set<UpstreamConnection>();
  /** Created for the first client that logs in on a connection. */
  #logins: LoginConnections | undefined;
  readonly #opening = new Set<OpeningConnection>();
  /** Seekers that insist on a fresh connection, with the attempt reserved for each. */
  #reserved = 0;
  readonly #queue = new WaitingQueue();
  #draining = false;
  opened = 0;

  constructor(destination: Destination, config: UpstreamConfig, onLost: (detail: string) => void) {
    this.#destination = destination;
    this.#config = config;
    this.#onLost = onLost;
    this.#places = config.pool.connections ?? Number.POSITIVE_INFINITY;
    this.#mostEndless = config.pool.streams ?? Number.POSITIVE_INFINITY;
  }

  get counts() {
    const idle = this.#idle.length + (this.#logins?.count ?? 0);
    const tunnels = [...this.#endless].filter(({ tunnel }) => tunnel !== undefined).length;
    return {
      active: this.#all.size - idle,
      idle,
      connecting: this.#opening.size,
      pending: this.#queue.count,
      tunnels,
      streams: this.#endless.size - tunnels,
    };
  }

  /** Whether another event stream or tunnel may begin. */
  get takesEndless(): boolean {
    return this.#endless.size < this.#mostEndless;
  }

  /** Gives the seeker a connection, at once when one is idle; a refusal never comes at once. */
  acquire(seeker: ConnectionSeeker): void {
    if (this.#logins !== undefined && this.#useLogin(this.#logins, seeker)) return;
    if (this.#probe(seeker)) return;
    if (this.#queue.count === 0) {
      const connection = this.#takeIdle();
      if (connection !== undefined) {
        seeker.onConnection(connection);
        return;
      }
    }
    const mayOpen = this.#total < this.#places || this.#closeOldestIdle();
    if (this.#refuses(seeker, mayOpen)) return;
    this.#wait(seeker, mayOpen, false);
    if (mayOpen) this.#open(undefined);
  }

  /**
   * A fresh connection for this seeker only, for requests that must not get a stale one. A client that has logged in on
   * a connection gets that one.
   */
  acquireFresh(seeker: ConnectionSeeker): void {
    if (this.#logins !== undefined && this.#useLogin(this.#logins, seeker)) return;
    const mayOpen = this.#total < this.#places || this.#closeOldestIdle();
    if (this.#refuses(seeker, mayOpen)) return;
    if (mayOpen) this.#open(seeker);
    else this.#wait(seeker, false, true);
  }

  /** Refuses a seeker for which no connection may be opened, and which may not wait for one either. */
  #refuses(seeker: ConnectionSeeker, mayOpen: boolean): boolean {
    if (!this.#draining && (mayOpen || this.#unattended < this.#config.pool.pending)) return false;
    const detail = this.#draining ? 'the upstream is being closed' : 'the pool and its queue are full';
    process.nextTick(refuse, seeker, detail);
    return true;
  }

  #useLogin(logins: LoginConnections, seeker: ConnectionSeeker): boolean {
    const connection = seeker.client && logins.take(seeker.client);
    if (connection === undefined || !this.#isUsable(connection)) return false;
    seeker.onConnection(connection);
    return true;
  }

  /** Makes place for another. Returns false when all are in use. */
  #closeOldestIdle(): boolean {
    const connection = this.#idle.shift() ?? this.#logins?.takeOldest();
    if (connection === undefined) return false;
    this.#all.delete(connection);
    connection.destroy();
    return true;
  }

  /** An address was ejected: its idle connections are not reused. */
  leave(address: string): void {
    for (let i = this.#idle.length - 1; i >= 0; i -= 1) {
      if (this.#idle[i]!.address === address) this.#idle.splice(i, 1)[0]!.destroy();
    }
    this.#logins?.closeWhere((connection) => connection.address === address);
  }

  /** Sends the seeker to an address that needs a probe, if there is one, and a place for a connection to it. */
  #probe(seeker: ConnectionSeeker): boolean {
    if (this.#draining || (this.#total >= this.#places && this.#idle.length === 0)) return false;
    const address = this.#dueProbe(seeker);
    if (address === undefined) return false;
    if (this.#total >= this.#places) this.#closeOldestIdle();
    this.#open(seeker, address);
    return true;
  }

  /** The address that the seeker is to probe; it must be sent there. */
  #dueProbe(seeker: ConnectionSeeker): string | undefined {
    const { health } = this.#destination;
    if (health === undefined || health.probeAt > turnNow()) return undefined;
    return health.takeProbe(seeker.mayProbe === true);
  }

  /** The seeker no longer wants one. */
  forget(seeker: ConnectionSeeker): void {
    this.#queue.forget(seeker);
  }

  /** The connection carries a tunnel or an event stream: its place is free for another. */
  setApart(connection: UpstreamConnection): void {
    this.#all.delete(connection);
    this.#endless.add(connection);
    this.#serveQueue();
  }

  onReusable(connection: UpstreamConnection): void {
    // An event stream that has ended gave its place away.
    if (this.#draining || this.#endless.has(connection)) {
      connection.destroy();
      return;
    }
    if (connection.client !== undefined) {
      connection.idleSince = turnNow();
      this.#logins ??= new LoginConnections();
      this.#logins.keep(connection, connection.client);
      this.#serveQueue();
      return;
    }
    const next = this.#queue.take();
    if (next === undefined) {
      this.#keep(connection);
      return;
    }
    const { seeker, fresh } = next;
    const probe = this.#dueProbe(seeker);
    if (probe !== undefined || (fresh && connection.served > 0)) {
      this.#all.delete(connection);
      connection.destroy();
      this.#open(seeker, probe);
      return;
    }
    // Deferred: not inside the parser's last call for the previous exchange.
    process.nextTick(handOver, this, connection, seeker, fresh);
  }

  onUnusable(connection: UpstreamConnection): void {
    this.#endless.delete(connection);
    this.#all.delete(connection);
    this.#logins?.forget(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  onClosed(connection: UpstreamConnection): void {
    this.onUnusable(connection);
    this.#serveQueue();
    this.#settle();
  }

  /** A connection opened for a seeker that no longer waits. */
  giveBack(connection: UpstreamConnection): void {
    if (connection.closed) return;
    this.onReusable(connection);
  }

  /** Closes idle connections at once, the others after their exchange. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
    this.#logins?.closeWhere(() => true);
    this.#settle();
  }

  close(): void {
    this.drain();
    for (const opening of this.#opening) opening.abandon();
    this.#opening.clear();
    for (let next = this.#queue.take(); next; next = this.#queue.take()) {
      process.nextTick(refuse, next.seeker, 'the upstream is closed');
    }
    for (const connection of [...this.#all, ...this.#endless]) connection.abort();
    this.#settle();
  }

  /** Deadlines, all in one pass. */
  sweep(now: number): void {
    for (const connection of this.#all) connection.user?.onSweep(now);
    for (const connection of this.#endless) {
      connection.user?.onSweep(now);
      connection.tunnel?.onTunnelSweep(now);
    }
    this.#queue.sweep(now);
    this.#sweepIdle(now);
  }

  get #total(): number {
    return this.#all.size + this.#opening.size;
  }

  /** How many seekers wait without a connection being opened for them. */
  get #unattended(): number {
    return this.#queue.count - (this.#opening.size - this.#reserved);
  }

  #keep(connection: UpstreamConnection): void {
    if (this.#idle.length >= this.#config.pool.idle) {
      connection.destroy();
      return;
    }
    connection.idleSince = turnNow();
    this.#idle.push(connection);
  }

  #takeIdle(): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      if (this.#isUsable(connection)) return connection;
    }
  }

  /** If the process was held up, no pass has closed it yet, and the upstream may have: it is closed now. */
  #isUsable(connection: UpstreamConnection): boolean {
    if (!connection.usable) return false;
    if (turnNow() - connection.idleSince < this.#idleLimitMs(connection) + PASS_MS) return true;
    connection.destroy();
    return false;
  }

  /** A login stays as long as its client, unless the upstream announces less. */
  #idleLimitMs({ keepAliveSeconds, client }: UpstreamConnection): number {
    const idleMs = client === undefined ? this.#config.pool.idleMs : Number.POSITIVE_INFINITY;
    const announced = keepAliveSeconds * 1000 - KEEP_ALIVE_MARGIN_MS;
    return announced >= 0 && announced < idleMs ? announced : idleMs;
  }

  #wait(seeker: ConnectionSeeker, opening: boolean, fresh: boolean): void {
    const { pool, timeouts } = this.#config;
    // A seeker whose connection is being opened should get that failure first; the margin puts it before the queue's.
    const waitMs = opening ? Math.max(pool.pendingMs, timeouts.connectMs + 250) : pool.pendingMs;
    this.#queue.add(seeker, turnNow() + waitMs, fresh);
    sweeper.watch(this);
  }

  #open(reservedFor: ConnectionSeeker | undefined, probe?: string): void {
    sweeper.watch(this);
    const opening = new OpeningConnection(
      this.#destination,
      this,
      this.#config.timeouts.connectMs,
      (opened) => {
        this.#opening.delete(opening);
        if (reservedFor !== undefined) this.#reserved -= 1;
        this.#onOpened(opened, reservedFor);
      },
      probe,
    );
    this.#opening.add(opening);
    if (reservedFor !== undefined) this.#reserved += 1;
    opening.start();
  }

  #onOpened(opened: Opened, reservedFor: ConnectionSeeker | undefined): void {
    if (opened.kind === 'failed') {
      this.#onLost(opened.detail);
      const seeker = reservedFor ?? this.#queue.take()?.seeker;
      seeker?.onNoConnection('connect', opened.cause, opened.detail);
      // Those behind it had no place for an attempt of their own, and the next request might be long in coming.
      this.#serveQueue();
      this.#settle();
      return;
    }
    this.opened += 1;
    const { connection } = opened;
    this.#all.add(connection);
    if (reservedFor === undefined) {
      this.onReusable(connection);
      return;
    }
    reservedFor.onConnection(connection);
  }

  /** A place has become free without a connection in it, or can be made free. */
  #serveQueue(): void {
    if (this.#draining || this.#unattended <= 0) return;
    if (this.#total < this.#places || this.#closeOldestIdle()) this.#open(undefined);
  }

  #sweepIdle(now: number): void {
    const { book } = this.#destination;
    book.refresh(now);
    const mayStay = (connection: UpstreamConnection): boolean =>
      now - connection.idleSince < this.#idleLimitMs(connection) && book.knows(connection.address);
    for (let i = this.#idle.length - 1; i >= 0; i -= 1) {
      const connection = this.#idle[i]!;
      if (mayStay(connection)) continue;
      this.#idle.splice(i, 1);
      connection.destroy();
    }
    this.#logins?.closeWhere((connection) => !mayStay(connection));
  }

  /** The sweeper stops when there is nothing to watch. */
  #settle(): void {
    if (this.#total + this.#endless.size + this.#queue.count === 0) sweeper.forget(this);
  }
}

function refuse(seeker: ConnectionSeeker, detail: string): void {
  seeker.onNoConnection('queue', 'overloaded', detail);
}

function handOver(
  pool: ConnectionPool,
  connection: UpstreamConnection,
  seeker: ConnectionSeeker,
  fresh: boolean,
): void {
  if (connection.usable) seeker.onConnection(connection);
  else {
    pool.onClosed(connection);
    if (fresh) pool.acquireFresh(seeker);
    else pool.acquire(seeker);
  }
}
