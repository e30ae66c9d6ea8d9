/**
 * Sends a request without a body, and keeps a bounded part of the answer: shadow copies, introspection at the legacy.
 * Give shadow copies a separate upstream object, so that a hung candidate cannot take a live request's connection.
 */
import { performance } from 'node:perf_hooks';
import type { HeadLines } from '../wire/head-lines.ts';
import type { Upstream } from './upstream.ts';
import type { ConnectionUser, LossCause, UpstreamConnection } from './upstream-connection.ts';
import type { ConnectionSeeker, NoConnectionCause, Waiting } from './waiting-queue.ts';

interface CopyRequest {
  readonly method: string;
  /** Complete, empty line included. A copy has no body. */
  readonly head: string;
  /** It logs in on its connection, which then serves nothing else. */
  readonly connectionLogin?: boolean;
}

export interface CopyLimits {
  /** Deadline of the whole exchange, including the wait for a connection. */
  readonly timeoutMs: number;
  /** Bytes of the response body that are kept; the rest is read and dropped. */
  readonly bodyBytes: number;
}

export type CopyResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Flat list as received, hop-by-hop fields taken out. */
      readonly headers: readonly string[];
      readonly body: Buffer;
      readonly truncated: boolean;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly cause: 'timed-out' | 'refused' | 'reset' | 'invalid' | 'overloaded' | 'cancelled';
      readonly detail: string;
      readonly durationMs: number;
    };

/**
 * Heads are written as latin1, which cuts U+010A to a line break. A client's fields are bytes already; those that come
 * as text (a question about a request, say) must not be able to begin another request.
 */
const BEYOND_BYTES = /[^\0-\xff]/;

/**
 * Sends the copy; `onResult` is called exactly once, never before this returns. Nothing is retried.
 * @returns a function that cancels it
 */
export function sendCopy(
  upstream: Upstream,
  copy: CopyRequest,
  limits: CopyLimits,
  onResult: (result: CopyResult) => void,
): () => void {
  const exchange = new CopyExchange(upstream, copy, limits, onResult);
  if (BEYOND_BYTES.test(copy.head))
    setImmediate(() => exchange.fail('invalid', 'a head of other than bytes'));
  else upstream.pool.acquire(exchange);
  return () => exchange.fail('cancelled', 'cancelled by the proxy');
}

class CopyExchange implements ConnectionSeeker, ConnectionUser {
  waiting: Waiting | undefined;
  readonly mayProbe = true;

  readonly #upstream: Upstream;
  readonly #copy: CopyRequest;
  readonly #limits: CopyLimits;
  readonly #onResult: (result: CopyResult) => void;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #connection: UpstreamConnection | undefined;
  #over = false;
  #status = 0;
  #headers: string[] = [];
  #chunks: Buffer[] = [];
  #bytes = 0;
  #truncated = false;

  constructor(
    upstream: Upstream,
    copy: CopyRequest,
    limits: CopyLimits,
    onResult: (result: CopyResult) => void,
  ) {
    this.#upstream = upstream;
    this.#copy = copy;
    this.#limits = limits;
    this.#onResult = onResult;
    // Copies are few beside live requests, and their deadline includes waiting: each has its own timer.
    this.#timer = setTimeout(() => setImmediate(expire, this), limits.timeoutMs);
    upstream.exchangeBegins();
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.#over) return;
    this.#connection?.health?.failed('timed-out');
    this.fail('timed-out', 'the answer was not complete in time');
  }

  onConnection(connection: UpstreamConnection): void {
    if (this.#over) {
      this.#upstream.pool.giveBack(connection);
      return;
    }
    this.#connection = connection;
    connection.attach(this, this.#copy.method, false);
    if (this.#copy.connectionLogin) connection.bindTo(undefined);
    connection.requestSent();
    connection.write(this.#copy.head);
  }

  onNoConnection(_phase: 'queue' | 'connect', cause: NoConnectionCause, detail: string): void {
    this.fail(cause, detail);
  }

  onInterim(): void {}

  onHead(head: HeadLines): boolean {
    this.#status = head.status;
    this.#headers = head.fields(false);
    return true;
  }

  onBody(memory: Buffer, start: number, end: number): void {
    const room = this.#limits.bodyBytes - this.#bytes;
    if (end - start > room) this.#truncated = true;
    const kept = Math.min(end - start, room);
    if (kept <= 0) return;
    this.#chunks.push(Buffer.from(memory.subarray(start, start + kept)));
    this.#bytes += kept;
  }

  onEnd(): void {}

  onReadDone(complete: boolean): void {
    if (!complete || this.#over) return;
    this.#connection = undefined;
    this.#finish({
      kind: 'answered',
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks),
      truncated: this.#truncated,
      durationMs: performance.now() - this.#startedAt,
    });
  }

  onLost(cause: LossCause, detail: string): void {
    this.#connection = undefined;
    this.fail(cause, detail);
  }

  onWritable(): void {}

  onSweep(): void {}

  fail(cause: Extract<CopyResult, { kind: 'failed' }>['cause'], detail: string): void {
    if (this.#over) return;
    this.#finish({ kind: 'failed', cause, detail, durationMs: performance.now() - this.#startedAt });
  }

  #finish(result: CopyResult): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#upstream.pool.forget(this);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.destroy();
    this.#upstream.exchangeEnded();
    this.#onResult(result);
  }
}

/** Runs after reading, as in sweeper.ts. */
function expire(exchange: CopyExchange): void {
  exchange.expire();
}
