/**
 * One request and its response, between a client on `node:http` and an upstream connection. The object is the queue
 * entry, the connection's user and the handle that the caller holds: one allocation, no closures.
 *
 *     seek ──▶ send ──▶ first-byte ──▶ receive ──▶ over
 *       └ no connection, loss, timeout, client gone, cancel: over, from anywhere
 */
import type { IncomingMessage } from 'node:http';
import { isIdempotent } from '@ficus/core';
import { turnNow } from '../clock/turn-clock.ts';
import type { ClientSide, ClientWatcher } from '../respond/client-side.ts';
import type { ConnectionSeeker, NoConnectionCause, Waiting } from '../upstream/connection-pool.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ConnectionUser, LossCause, UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import type { FailureCause, Outcome, Phase } from '../wire/outcome.ts';
import { buildRequestHead, type RequestHead } from '../wire/request-head.ts';
import { drainAfterDiscard } from './discard-rest.ts';
import type { ForwardCall } from './forward-call.ts';
import { RequestBodyPump } from './request-body.ts';

export class ForwardExchange implements ConnectionSeeker, ConnectionUser, ClientWatcher {
  waiting: Waiting | undefined;

  readonly #upstream: Upstream;
  readonly #request: IncomingMessage;
  readonly #client: ClientSide;
  readonly #call: ForwardCall;
  readonly #startedAt: number;
  #head: RequestHead | undefined;
  #connection: UpstreamConnection | undefined;
  #pump: RequestBodyPump | undefined;
  #phase: Phase = 'queue';
  #over = false;
  #reused = false;
  #retriedStale = false;
  #sent = false;
  #discarded = false;
  #status = 0;
  #responseBytes = 0;
  #connectedAt = 0;
  #firstByteAt = 0;
  /** Since when the exchange waits for what its phase waits for; the sweep moves it while bytes flow. */
  #waitsSince = 0;
  #moved = false;
  #unbounded = false;

  constructor(upstream: Upstream, request: IncomingMessage, client: ClientSide, call: ForwardCall) {
    this.#upstream = upstream;
    this.#request = request;
    this.#client = client;
    this.#call = call;
    this.#startedAt = turnNow();
    client.watch(this);
  }

  start(): void {
    this.#upstream.exchangeBegins();
    const head = buildRequestHead(this.#request, this.#call, this.#upstream, 'forward');
    this.#head = head;
    if (head.error !== '') process.nextTick(failLater, this, head.error);
    else if (this.#client.gone) process.nextTick(cancelLater, this);
    else this.#upstream.pool.acquire(this);
  }

  cancel(): void {
    this.fail('client', 'cancelled', 'cancelled by the proxy');
  }

  get mayProbe(): boolean {
    return this.#head!.body === 'none' && isIdempotent(this.#request.method!);
  }

  // ── Step 5.1: a connection ────────────────────────────────────────────────────────────────────────────────

  onConnection(connection: UpstreamConnection): void {
    if (this.#over) {
      this.#upstream.pool.giveBack(connection);
      return;
    }
    const now = turnNow();
    this.#connection = connection;
    this.#reused = connection.served > 0;
    this.#connectedAt = now;
    this.#waitsSince = now;
    connection.attach(this, this.#request.method!, false);
    this.#sent = true;
    const head = this.#head!;
    if (head.body === 'none') {
      this.#phase = 'first-byte';
      connection.requestSent();
      connection.writeWhole(head.text);
      return;
    }
    this.#phase = 'send';
    this.#pump = new RequestBodyPump(this.#request, head, connection, this.#call, this);
    this.#pump.start();
  }

  onNoConnection(phase: 'queue' | 'connect', cause: NoConnectionCause, detail: string): void {
    this.#phase = phase;
    this.fail('upstream', cause, detail);
  }

  // ── Step 5.2: the request ─────────────────────────────────────────────────────────────────────────────────

  /** From the pump: body bytes moved. */
  requestMoved(): void {
    this.#moved = true;
  }

  /** From the pump: the last byte was written. */
  requestSent(): void {
    this.#connection?.requestSent();
    this.#moved = true;
    if (this.#phase === 'send') this.#phase = 'first-byte';
  }

  onWritable(): void {
    this.#moved = true;
    this.#pump?.resume();
  }

  // ── Step 6: the response ──────────────────────────────────────────────────────────────────────────────────

  onInterim(head: HeadLines): void {
    this.#moved = true;
    this.#noteFirstByte();
    this.#client.interim(head);
    if (head.status === 100) this.#pump?.continue();
  }

  onHead(head: HeadLines): boolean {
    this.#noteFirstByte();
    this.#status = head.status;
    if (head.eventStream) {
      this.#unbounded = true;
      this.#call.onEventStream?.(this);
    }
    this.#phase = 'receive';
    this.#discarded = !this.#client.begin(head, this.#call);
    if (this.#client.error !== '') return false;
    return true;
  }

  onBody(memory: Buffer, start: number, end: number): void {
    this.#responseBytes += end - start;
    if (this.#discarded) return;
    this.#call.responseCapture?.append(memory.subarray(start, end));
    this.#client.body(memory, start, end);
  }

  onEnd(trailers: HeadLines | undefined): void {
    if (trailers !== undefined && !this.#discarded) this.#client.trailers(trailers);
  }

  onReadDone(complete: boolean): void {
    // A head that drips in is no progress: only what was complete counts before the final one.
    if (this.#phase === 'receive') this.#moved = true;
    if (this.#over) return;
    if (this.#client.error !== '') this.fail('upstream', 'invalid', this.#client.error);
    else if (this.#discarded) this.#endDiscarded(complete);
    else if (complete) {
      this.#client.end();
      this.#end('completed', turnNow());
    } else if (!this.#client.flush()) this.#connection!.pause();
  }

  onClientDrain(): void {
    this.#moved = true;
    if (!this.#over) this.#connection?.resume();
  }

  // ── Whatever goes wrong ───────────────────────────────────────────────────────────────────────────────────

  onLost(cause: LossCause, detail: string): void {
    this.#connection = undefined;
    if (this.#over) return;
    if (this.#mayRetryStale(cause)) {
      this.#retriedStale = true;
      this.#phase = 'connect';
      this.#upstream.pool.acquireFresh(this);
      return;
    }
    this.fail('upstream', cause, detail);
  }

  onClientClose(): void {
    if (!this.#over) this.fail('client', 'cancelled', 'the client closed the connection');
  }

  onSweep(now: number): void {
    if (this.#moved) {
      this.#moved = false;
      this.#waitsSince = now;
    }
    const { timeouts } = this.#upstream.config;
    if (timeouts.totalMs !== undefined && now - this.#startedAt > timeouts.totalMs) {
      this.fail('upstream', 'timed-out', 'the exchange took too long in all');
      return;
    }
    const limit = this.#phase === 'first-byte' ? timeouts.firstByteMs : timeouts.idleMs;
    if (this.#unbounded || now - this.#waitsSince <= limit) return;
    const stalledByClient = this.#phase === 'send' ? !this.#pump!.blocked : this.#client.blocked;
    if (stalledByClient) {
      this.fail('client', 'timed-out', 'the client neither sent nor took a byte for too long');
      return;
    }
    this.#connection?.health?.failed('timed-out');
    this.fail('upstream', 'timed-out', 'the upstream neither sent nor took a byte for too long');
  }

  fail(side: 'client' | 'upstream', cause: FailureCause, detail: string): void {
    if (this.#over) return;
    const { started } = this.#client;
    this.#release();
    if (started) this.#client.cut();
    this.#report({ kind: 'failed', side, phase: this.#phase, cause, detail, ...this.#facts(started) });
  }

  /** Only a request that no upstream can have begun to answer, and that may be asked twice. */
  #mayRetryStale(cause: LossCause): boolean {
    return (
      cause === 'reset' &&
      this.#reused &&
      !this.#retriedStale &&
      this.#firstByteAt === 0 &&
      this.#pump === undefined &&
      isIdempotent(this.#request.method!)
    );
  }

  #noteFirstByte(): void {
    if (this.#firstByteAt === 0) this.#firstByteAt = turnNow();
  }

  #endDiscarded(complete: boolean): void {
    const connection = this.#connection!;
    if (!complete) drainAfterDiscard(connection);
    this.#end('discarded', turnNow());
  }

  #end(kind: 'completed' | 'discarded', now: number): void {
    this.#connection = undefined;
    this.#release();
    const since = this.#startedAt;
    const pump = this.#pump;
    // It is not sent again: what is left of it must not stand before the client's next request.
    if (kind === 'completed' && pump !== undefined) this.#request.resume();
    // Written out, not spread: this is the one outcome that every request has.
    this.#report({
      kind,
      status: this.#status,
      mayHaveBeenSent: true,
      responseStarted: kind === 'completed',
      bodyTaken: pump?.taken ?? false,
      requestBodyBytes: pump === undefined ? 0 : pump.bytes,
      responseBodyBytes: this.#responseBytes,
      connectMs: this.#connectedAt - since,
      firstByteMs: this.#firstByteAt - since,
      totalMs: now - since,
      reused: this.#reused,
      retriedStale: this.#retriedStale,
    });
  }

  #release(): void {
    this.#over = true;
    this.#upstream.pool.forget(this);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
    this.#pump?.stop();
    this.#client.release();
  }

  #report(outcome: Outcome): void {
    this.#upstream.exchangeEnded();
    this.#call.onOutcome(outcome);
  }

  #facts(responseStarted: boolean) {
    const now = turnNow();
    return {
      status: this.#status,
      mayHaveBeenSent: this.#sent,
      responseStarted,
      bodyTaken: this.#pump?.taken ?? false,
      requestBodyBytes: this.#pump?.bytes ?? 0,
      responseBodyBytes: this.#responseBytes,
      connectMs: this.#connectedAt === 0 ? 0 : this.#connectedAt - this.#startedAt,
      firstByteMs: this.#firstByteAt === 0 ? 0 : this.#firstByteAt - this.#startedAt,
      totalMs: now - this.#startedAt,
      reused: this.#reused,
      retriedStale: this.#retriedStale,
    };
  }
}

function failLater(exchange: ForwardExchange, detail: string): void {
  exchange.fail('client', 'invalid', detail);
}

function cancelLater(exchange: ForwardExchange): void {
  exchange.onClientClose();
}
