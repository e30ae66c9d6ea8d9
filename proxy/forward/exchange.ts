/**
 * One request and its response, between a client and an upstream connection, in the steps that forward.ts
 * shows. The object is the queue entry, the connection's user, the client's watcher and the handle that the
 * caller holds: no closures.
 *
 *     seek ──▶ send ──▶ first-byte ──▶ receive ──▶ over
 *       └ no connection, loss, timeout, client gone, cancel: over, from anywhere
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isIdempotent } from '@ficus/core';
import type { ClientSide, ClientWatcher } from '../respond/client-side.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ConnectionUser, LossCause, UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { ConnectionSeeker, NoConnectionCause, Waiting } from '../upstream/waiting-queue.ts';
import type { HeadLines } from '../wire/head-lines.ts';
import type { FailureCause, Outcome } from '../wire/outcome.ts';
import { buildRequestHead, type RequestHead } from '../wire/request-head.ts';
import { drainAfterDiscard } from './discard-rest.ts';
import type { ForwardCall } from './forward-call.ts';
import { Progress, TOO_MANY_STREAMS } from './progress.ts';
import { RequestBodyPump } from './request-body.ts';

export class ForwardExchange implements ConnectionSeeker, ConnectionUser, ClientWatcher {
  waiting: Waiting | undefined;

  readonly #upstream: Upstream;
  readonly #request: IncomingMessage;
  readonly #client: ClientSide;
  readonly #call: ForwardCall;
  readonly #progress = new Progress('queue');
  #head: RequestHead | undefined;
  #connection: UpstreamConnection | undefined;
  #pump: RequestBodyPump | undefined;
  #over = false;
  #reused = false;
  #retriedStale = false;
  #discarded = false;

  constructor(upstream: Upstream, request: IncomingMessage, client: ClientSide, call: ForwardCall) {
    this.#upstream = upstream;
    this.#request = request;
    this.#client = client;
    this.#call = call;
    client.watch(this);
  }

  // ── Step 5.1: the request head ───────────────────────────────────────────────────────────────────────────

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

  get client(): Socket {
    return this.#request.socket;
  }

  get mayProbe(): boolean {
    return this.#head!.body === 'none' && isIdempotent(this.#request.method!);
  }

  // ── Step 5.2: a connection ───────────────────────────────────────────────────────────────────────────────

  onConnection(connection: UpstreamConnection): void {
    if (this.#over) {
      this.#upstream.pool.giveBack(connection);
      return;
    }
    if (this.#call.mayLeave?.() === false) {
      this.#withdraw(connection);
      return;
    }
    const head = this.#head!;
    this.#connection = connection;
    this.#reused = connection.served > 0;
    this.#progress.connected(head.body === 'none' ? 'first-byte' : 'send');
    connection.attach(this, this.#request.method!, false);
    if (head.connectionLogin) connection.bindTo(this.client);
    if (head.body === 'none') {
      connection.requestSent();
      connection.writeWhole(head.text);
      return;
    }
    this.#pump = new RequestBodyPump(this.#request, head, connection, this.#call, this);
    this.#pump.start();
  }

  onNoConnection(phase: 'queue' | 'connect', cause: NoConnectionCause, detail: string): void {
    this.#progress.phase = phase;
    this.fail('upstream', cause, detail);
  }

  #withdraw(connection: UpstreamConnection): void {
    this.#upstream.pool.giveBack(connection);
    // It was already sent once, on a connection that proved stale.
    if (this.#progress.sent)
      this.fail('upstream', 'reset', 'the connection was lost, and another came too late');
    else this.#end('withdrawn');
  }

  // ── Step 5.3: head and body go out ───────────────────────────────────────────────────────────────────────

  /** From the RequestBodyPump: body bytes moved. */
  requestMoved(): void {
    this.#progress.moved = true;
  }

  /** From the RequestBodyPump: the last byte was written. */
  requestSent(): void {
    this.#connection?.requestSent();
    this.#progress.moved = true;
    if (this.#progress.phase === 'send') this.#progress.phase = 'first-byte';
  }

  /** From the RequestBodyPump: more came than the request may have. */
  requestTooLarge(): void {
    this.fail('client', 'too-large', 'the body exceeds its limit');
  }

  onWritable(): void {
    this.#progress.moved = true;
    this.#pump?.resume();
  }

  // ── Step 6.1: interim responses ──────────────────────────────────────────────────────────────────────────

  onInterim(head: HeadLines): void {
    this.#progress.moved = true;
    this.#progress.noteFirstByte();
    this.#client.interim(head);
    if (head.status === 100) this.#pump?.continue();
  }

  // ── Step 6.2: the final head ─────────────────────────────────────────────────────────────────────────────

  onHead(head: HeadLines): boolean {
    this.#progress.finalHead(head.status);
    if (head.eventStream && !this.#upstream.pool.takesEndless) {
      this.fail('upstream', 'too-many-streams', TOO_MANY_STREAMS);
      return false;
    }
    if (head.setsCookie) this.#call.onSetCookie?.(head);
    this.#discarded = !this.#client.begin(head, this.#call);
    // A discarded one says nothing about the next attempt's answer.
    if (head.eventStream && !this.#discarded) {
      this.#progress.unbounded = true;
      this.#upstream.pool.setApart(this.#connection!);
      this.#call.onEndless?.(this, head.status);
    }
    return this.#client.error === '';
  }

  // ── Step 6.3: the body ───────────────────────────────────────────────────────────────────────────────────

  onBody(memory: Buffer, start: number, end: number): void {
    this.#progress.responseBytes += end - start;
    if (this.#discarded) return;
    this.#call.responseCapture?.append(memory.subarray(start, end));
    this.#client.body(memory, start, end);
  }

  onEnd(trailers: HeadLines | undefined): void {
    if (trailers !== undefined && !this.#discarded) this.#client.trailers(trailers);
  }

  onReadDone(complete: boolean): void {
    // A head that arrives in drips is no progress: before the final head only complete ones count.
    if (this.#progress.phase === 'receive') this.#progress.moved = true;
    if (this.#over) return;
    if (this.#client.error !== '') this.fail('upstream', 'invalid', this.#client.error);
    else if (this.#discarded) this.#endDiscarded(complete);
    else if (complete) {
      this.#client.end();
      this.#end('completed');
    } else if (!this.#client.flush()) this.#connection!.pause();
  }

  onClientDrain(): void {
    this.#progress.moved = true;
    if (!this.#over) this.#connection?.resume();
  }

  // ── Step 6.4: the end ───────────────────────────────────────────────────────────────────────────────────

  onLost(cause: LossCause, detail: string): void {
    this.#connection = undefined;
    if (this.#over) return;
    if (this.#mayRetryStale(cause)) {
      this.#retriedStale = true;
      this.#progress.phase = 'connect';
      this.#upstream.pool.acquireFresh(this);
      return;
    }
    this.fail('upstream', cause, detail);
  }

  onClientClose(): void {
    if (!this.#over) this.fail('client', 'cancelled', 'the client closed the connection');
  }

  onSweep(now: number): void {
    const timeouts = this.#call.timeouts ?? this.#upstream.config.timeouts;
    const awaitsBody = this.#progress.phase === 'send' && !this.#pump!.blocked;
    const isSilent = this.#progress.isSilent(
      now,
      timeouts,
      awaitsBody ? this.#call.clientSilenceMs : undefined,
    );
    if (this.#progress.isOverdue(now, timeouts)) {
      this.fail('upstream', 'timed-out', 'the exchange exceeded its total timeout');
      return;
    }
    if (!isSilent) return;
    if (awaitsBody || (this.#progress.phase !== 'send' && this.#client.blocked)) {
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
    const { phase } = this.#progress;
    this.#report({ ...this.#outcome('failed', started), side, phase, cause, detail });
  }

  /** Only a request that no upstream can have begun to answer, and that may be sent twice. */
  #mayRetryStale(cause: LossCause): boolean {
    return (
      cause === 'reset' &&
      this.#reused &&
      !this.#retriedStale &&
      !this.#progress.answered &&
      this.#pump === undefined &&
      isIdempotent(this.#request.method!)
    );
  }

  #endDiscarded(complete: boolean): void {
    const connection = this.#connection!;
    if (!complete) drainAfterDiscard(connection);
    this.#end('discarded');
  }

  #end(kind: 'completed' | 'discarded' | 'withdrawn'): void {
    this.#connection = undefined;
    this.#release();
    // It is not sent again: the rest of its body must not precede the client's next request.
    if (kind === 'completed' && this.#pump !== undefined) this.#request.resume();
    this.#report(this.#outcome(kind, kind === 'completed'));
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

  #outcome<Kind extends Outcome['kind']>(kind: Kind, responseStarted: boolean) {
    return this.#progress.outcome(kind, {
      responseStarted,
      bodyTaken: this.#pump?.taken ?? false,
      requestBodyBytes: this.#pump?.bytes ?? 0,
      reused: this.#reused,
      retriedStale: this.#retriedStale,
    });
  }
}

function failLater(exchange: ForwardExchange, detail: string): void {
  exchange.fail('client', 'invalid', detail);
}

function cancelLater(exchange: ForwardExchange): void {
  exchange.onClientClose();
}
