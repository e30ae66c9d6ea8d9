/**
 * A request with `Upgrade`: forwarded like any other, on a connection of its own. After 101 both connections
 * are a tunnel; any other final answer is passed on and ends the client's connection.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ClientSide, ClientWatcher } from '../respond/client-side.ts';
import { SocketResponse } from '../respond/socket-response.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ConnectionUser, LossCause, UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { ConnectionSeeker, NoConnectionCause, Waiting } from '../upstream/waiting-queue.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import { wasOffered } from '../wire/offered-protocol.ts';
import type { FailureCause, Outcome } from '../wire/outcome.ts';
import { buildRequestHead, type RequestHead } from '../wire/request-head.ts';
import { EarlyBytes } from './early-bytes.ts';
import type { ForwardCall } from './forward-call.ts';
import { Progress, TOO_MANY_STREAMS } from './progress.ts';
import { Tunnel } from './tunnel.ts';

export class UpgradeExchange implements ConnectionSeeker, ConnectionUser, ClientWatcher {
  waiting: Waiting | undefined;

  readonly #upstream: Upstream;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #call: ForwardCall;
  readonly #client: ClientSide;
  readonly #progress = new Progress('connect');
  readonly #early: EarlyBytes;
  #connection: UpstreamConnection | undefined;
  #tunnel: Tunnel | undefined;
  #over = false;
  #head: RequestHead | undefined;

  constructor(upstream: Upstream, request: IncomingMessage, socket: Duplex, head: Buffer, call: ForwardCall) {
    this.#upstream = upstream;
    this.#request = request;
    this.#socket = socket;
    this.#client = new SocketResponse(request, socket);
    this.#call = call;
    this.#early = EarlyBytes.of(socket, head);
  }

  get client(): Socket {
    return this.#request.socket;
  }

  start(): void {
    this.#upstream.exchangeBegins();
    this.#client.watch(this);
    const head = buildRequestHead(this.#request, this.#call, this.#upstream, 'upgrade');
    this.#head = head;
    if (head.error !== '') process.nextTick(() => this.#fail('client', 'invalid', head.error));
    else if (this.#client.gone) process.nextTick(() => this.onClientClose());
    else if (!this.#upstream.pool.takesEndless)
      process.nextTick(() => this.onNoConnection('queue', 'overloaded', TOO_MANY_STREAMS));
    else this.#upstream.pool.acquireFresh(this);
  }

  cancel(): void {
    if (this.#tunnel !== undefined) this.#tunnel.cut();
    else this.#fail('client', 'cancelled', 'cancelled by the proxy');
  }

  onConnection(connection: UpstreamConnection): void {
    if (this.#over) {
      this.#upstream.pool.giveBack(connection);
      return;
    }
    if (this.#call.mayLeave?.() === false) {
      this.#upstream.pool.giveBack(connection);
      this.#release();
      this.#report(this.#outcome('withdrawn'));
      return;
    }
    this.#connection = connection;
    this.#progress.connected('first-byte');
    connection.attach(this, this.#request.method!, true);
    const { text, connectionLogin } = this.#head!;
    if (connectionLogin) connection.bindTo(this.client);
    connection.write(text);
  }

  onNoConnection(phase: 'queue' | 'connect', cause: NoConnectionCause, detail: string): void {
    this.#progress.phase = phase;
    this.#fail('upstream', cause, detail);
  }

  onWritable(): void {
    this.#progress.moved = true;
  }

  onInterim(head: HeadLines): void {
    this.#progress.moved = true;
    this.#progress.noteFirstByte();
    this.#client.interim(head);
  }

  onHead(head: HeadLines): boolean {
    this.#progress.moved = true;
    this.#progress.finalHead(head.status);
    const switching = head.status === 101;
    const endless = switching || head.eventStream;
    if (switching && head.upgrade === '') this.#fail('upstream', 'invalid', '101 without an Upgrade field');
    else if (switching && !wasOffered(this.#request.rawHeaders, head.upgrade))
      this.#fail('upstream', 'invalid', '101 to a protocol that the client has not offered');
    else if (endless && !this.#upstream.pool.takesEndless)
      this.#fail('upstream', 'too-many-streams', TOO_MANY_STREAMS);
    if (this.#over) return false;
    if (head.setsCookie) this.#call.onSetCookie?.(head);
    this.#client.begin(head, this.#call);
    if (endless) this.#becomeEndless(head.status);
    if (switching) this.#beginTunnel();
    return !switching;
  }

  onBody(memory: Buffer, start: number, end: number): void {
    this.#progress.responseBytes += end - start;
    this.#client.body(memory, start, end);
  }

  onEnd(trailers: HeadLines | undefined): void {
    if (trailers !== undefined) this.#client.trailers(trailers);
  }

  onReadDone(complete: boolean): void {
    // As in exchange.ts: a head that arrives in drips is no progress.
    if (this.#progress.phase === 'receive') this.#progress.moved = true;
    if (this.#over) return;
    if (!complete) {
      if (!this.#client.flush()) this.#connection?.pause();
      return;
    }
    this.#connection = undefined;
    this.#client.end();
    this.#release();
    this.#report(this.#outcome('completed'));
  }

  onLost(cause: LossCause, detail: string): void {
    this.#connection = undefined;
    this.#fail('upstream', cause, detail);
  }

  onClientClose(): void {
    this.#fail('client', 'cancelled', 'the client closed the connection');
  }

  onClientDrain(): void {
    this.#progress.moved = true;
    this.#connection?.resume();
  }

  onSweep(now: number): void {
    const timeouts = this.#call.timeouts ?? this.#upstream.config.timeouts;
    const isSilent = this.#progress.isSilent(now, timeouts);
    if (this.#progress.isOverdue(now, timeouts)) {
      this.#fail('upstream', 'timed-out', 'the exchange exceeded its total timeout');
    } else if (isSilent && this.#client.blocked) {
      this.#fail('client', 'timed-out', 'the client did not take a byte for too long');
    } else if (isSilent) {
      this.#connection?.health?.failed('timed-out');
      this.#fail('upstream', 'timed-out', 'the upstream did not answer in time');
    }
  }

  #becomeEndless(status: number): void {
    this.#progress.unbounded = true;
    this.#upstream.pool.setApart(this.#connection!);
    this.#call.onEndless?.(this, status);
  }

  #beginTunnel(): void {
    const connection = this.#connection!;
    const socket = this.#socket;
    this.#client.release();
    this.#tunnel = new Tunnel(socket, connection, this.#upstream.config.timeouts.idleMs, () =>
      this.#endTunnel(),
    );
    connection.becomeTunnel(this.#tunnel);
    this.#tunnel.begin(this.#early.takeAll());
  }

  #endTunnel(): void {
    this.#over = true;
    this.#progress.responseBytes = this.#tunnel!.bytesToClient;
    this.#report(this.#outcome('tunnelled'));
  }

  #fail(side: 'client' | 'upstream', cause: FailureCause, detail: string): void {
    if (this.#over) return;
    this.#release();
    if (this.#client.started) this.#client.cut();
    const { phase } = this.#progress;
    this.#report({ ...this.#outcome('failed'), side, phase, cause, detail });
  }

  #release(): void {
    this.#over = true;
    this.#upstream.pool.forget(this);
    this.#client.release();
    // A refused upgrade drops what the client still sends; but another attempt may follow.
    if (this.#client.started) this.#early.drop();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
  }

  #report(outcome: Outcome): void {
    this.#upstream.exchangeEnded();
    this.#call.onOutcome(outcome);
  }

  #outcome<Kind extends Outcome['kind']>(kind: Kind) {
    return this.#progress.outcome(kind, {
      responseStarted: this.#client.started,
      bodyTaken: false,
      requestBodyBytes: this.#tunnel?.bytesToUpstream ?? 0,
      reused: false,
      retriedStale: false,
    });
  }
}
