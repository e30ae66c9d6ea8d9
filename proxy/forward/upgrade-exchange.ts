/**
 * A request with `Upgrade`: forwarded like any other, on a connection of its own. After 101 both connections are a
 * tunnel; any other final answer is passed on and ends the client's connection.
 */
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { cutClient } from '../respond/cut-client.ts';
import type { ConnectionSeeker, NoConnectionCause, Waiting } from '../upstream/connection-pool.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ConnectionUser, LossCause, UpstreamConnection } from '../upstream/upstream-connection.ts';
import { type HeadLines, joinFields } from '../wire/head-lines.ts';
import { httpDate } from '../wire/http-date.ts';
import type { FailureCause, Outcome, Phase } from '../wire/outcome.ts';
import { buildRequestHead } from '../wire/request-head.ts';
import { EarlyBytes } from './early-bytes.ts';
import type { ForwardCall } from './forward-call.ts';
import { Tunnel } from './tunnel.ts';

export class UpgradeExchange implements ConnectionSeeker, ConnectionUser {
  waiting: Waiting | undefined;

  readonly #upstream: Upstream;
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #call: ForwardCall;
  readonly #startedAt = performance.now();
  readonly #early: EarlyBytes;
  #connection: UpstreamConnection | undefined;
  #tunnel: Tunnel | undefined;
  #phase: Phase = 'connect';
  #over = false;
  #sent = false;
  #started = false;
  #status = 0;
  #bodyBytes = 0;
  #chunked = false;
  /** The client knows the end of the body from its framing. */
  #delimited = true;
  #head = '';
  #connectedAt = 0;
  #firstByteAt = 0;
  #waitsSince = 0;
  #moved = false;

  constructor(upstream: Upstream, request: IncomingMessage, socket: Duplex, head: Buffer, call: ForwardCall) {
    this.#upstream = upstream;
    this.#request = request;
    this.#socket = socket;
    this.#call = call;
    this.#early = EarlyBytes.of(socket, head);
  }

  start(): void {
    this.#upstream.exchangeBegins();
    const socket = this.#socket;
    socket.on('error', ignore);
    socket.on('close', this.#onClientClose);
    socket.on('end', this.#onEarlyEnd);
    const head = buildRequestHead(this.#request, this.#call, this.#upstream, 'upgrade');
    this.#head = head.text;
    if (head.error !== '') process.nextTick(() => this.#fail('client', 'invalid', head.error));
    else if (socket.destroyed || socket.readableEnded) process.nextTick(this.#onClientClose);
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
    this.#connection = connection;
    this.#connectedAt = performance.now();
    this.#waitsSince = this.#connectedAt;
    this.#phase = 'first-byte';
    this.#sent = true;
    connection.attach(this, this.#request.method!, true);
    connection.write(this.#head);
  }

  onNoConnection(phase: 'queue' | 'connect', cause: NoConnectionCause, detail: string): void {
    this.#phase = phase;
    this.#fail('upstream', cause, detail);
  }

  onWritable(): void {
    this.#moved = true;
  }

  onInterim(head: HeadLines): void {
    this.#noteFirstByte();
    this.#socket.write(`HTTP/1.1 ${head.statusText()}\r\n${head.text(false)}\r\n`, 'latin1');
  }

  onHead(head: HeadLines): boolean {
    this.#noteFirstByte();
    this.#phase = 'receive';
    this.#status = head.status;
    const switching = head.status === 101;
    if (switching && head.upgrade === '') {
      this.#fail('upstream', 'invalid', '101 without an Upgrade field');
      return false;
    }
    this.#started = true;
    let text = `HTTP/1.1 ${head.statusText()}\r\n${head.text(true)}`;
    if (!head.hasDate && !switching) text += `Date: ${httpDate()}\r\n`;
    if (this.#call.responseHeaders !== undefined) text += joinFields(this.#call.responseHeaders);
    text += switching ? `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n` : 'Connection: close\r\n';
    const bodiless = head.status === 304 || this.#request.method === 'HEAD';
    this.#chunked = head.chunked && !bodiless;
    this.#delimited = bodiless || head.chunked || head.contentLength !== -1;
    this.#socket.write(`${text}\r\n`, 'latin1');
    if (switching) this.#beginTunnel();
    return !switching;
  }

  onBody(memory: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    this.#bodyBytes += length;
    const piece = memory.latin1Slice(start, end);
    const goesOn = this.#socket.write(
      this.#chunked ? `${length.toString(16)}\r\n${piece}\r\n` : piece,
      'latin1',
    );
    if (goesOn) return;
    this.#connection?.pause();
    this.#socket.once('drain', () => this.#connection?.resume());
  }

  onEnd(trailers: HeadLines | undefined): void {
    if (this.#chunked) this.#socket.write(`0\r\n${trailers?.text(false) ?? ''}\r\n`, 'latin1');
  }

  onReadDone(complete: boolean): void {
    // As in exchange.ts: a head that drips in is no progress.
    if (this.#phase === 'receive') this.#moved = true;
    if (!complete || this.#over) return;
    this.#connection = undefined;
    this.#release();
    this.#socket.end();
    this.#report({ kind: 'completed', ...this.#facts() });
  }

  onLost(cause: LossCause, detail: string): void {
    this.#connection = undefined;
    this.#fail('upstream', cause, detail);
  }

  onSweep(now: number): void {
    if (this.#moved) {
      this.#moved = false;
      this.#waitsSince = now;
    }
    const { firstByteMs, idleMs } = this.#upstream.config.timeouts;
    const limit = this.#phase === 'first-byte' ? firstByteMs : idleMs;
    if (now - this.#waitsSince <= limit) return;
    this.#connection?.health?.failed('timed-out');
    this.#fail('upstream', 'timed-out', 'the upstream did not answer in time');
  }

  #beginTunnel(): void {
    const connection = this.#connection!;
    const socket = this.#socket;
    this.#stopListening();
    this.#tunnel = new Tunnel(socket, connection, this.#upstream.config.timeouts.idleMs, () =>
      this.#endTunnel(),
    );
    connection.becomeTunnel(this.#tunnel);
    this.#upstream.pool.detach(connection);
    this.#tunnel.begin(this.#early.takeAll());
  }

  #endTunnel(): void {
    this.#over = true;
    this.#bodyBytes = this.#tunnel!.bytesToClient;
    this.#report({ kind: 'tunnelled', ...this.#facts() });
  }

  #noteFirstByte(): void {
    this.#moved = true;
    if (this.#firstByteAt === 0) this.#firstByteAt = performance.now();
  }

  #fail(side: 'client' | 'upstream', cause: FailureCause, detail: string): void {
    if (this.#over) return;
    this.#release();
    if (this.#started) cutClient(this.#socket, this.#delimited);
    this.#report({ kind: 'failed', side, phase: this.#phase, cause, detail, ...this.#facts() });
  }

  #release(): void {
    this.#over = true;
    this.#upstream.pool.forget(this);
    this.#stopListening();
    // Whatever a client still sends to a refused upgrade is nobody's; but there may be another attempt.
    if (this.#started) this.#early.drop();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
  }

  #stopListening(): void {
    this.#socket.removeListener('end', this.#onEarlyEnd);
    this.#socket.removeListener('close', this.#onClientClose);
  }

  #report(outcome: Outcome): void {
    this.#upstream.exchangeEnded();
    this.#call.onOutcome(outcome);
  }

  #facts() {
    const since = (at: number): number => (at === 0 ? 0 : at - this.#startedAt);
    return {
      status: this.#status,
      mayHaveBeenSent: this.#sent,
      responseStarted: this.#started,
      bodyTaken: false,
      requestBodyBytes: this.#tunnel?.bytesToUpstream ?? 0,
      responseBodyBytes: this.#bodyBytes,
      connectMs: since(this.#connectedAt),
      firstByteMs: since(this.#firstByteAt),
      totalMs: performance.now() - this.#startedAt,
      reused: false,
      retriedStale: false,
    };
  }

  readonly #onClientClose = (): void => {
    this.#fail('client', 'cancelled', 'the client closed the connection');
  };

  readonly #onEarlyEnd = (): void => {
    this.#fail('client', 'cancelled', 'the client ended the connection during the handshake');
  };
}

function ignore(): void {}
