/**
 * Heartbeats: messages in the source's WAL that come back through the stream and the target. Their return proves
 * health; an open socket does not. They also keep a quiet table from pinning WAL, and give waiters a position to reach.
 */
import { randomUUID } from 'node:crypto';
import { parseLsn } from '@ficus/core';
import type pg from 'pg';
import type { Heartbeat as Beat } from '../batch/batch.ts';
import { formatMark, HEARTBEAT_PREFIX } from '../source/marks.ts';

/** SQLSTATE of a server that is starting up or shutting down. */
const CANNOT_CONNECT_NOW = '57P03';

export class Heartbeats {
  /** The source's insert position when the last one was written. */
  sourceLsn = 0n;
  /** Called when the source is shutting down. */
  onShutdown: (error: Error) => void = () => undefined;
  readonly #emitter = randomUUID();
  readonly #source: pg.Pool;
  readonly #stream: string;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;
  #emitting: Promise<void> | undefined;
  #wantedAgain = false;
  #stopped = false;
  #lastTripMs = 0;
  #lastEmittedAtMs = 0;
  readonly #onEmitted: () => void;

  /** `before`: the previous session's heartbeats; a new session alone is no progress. */
  constructor(source: pg.Pool, stream: string, periodMs: number, onEmitted: () => void, before?: Heartbeats) {
    if (before) this.#lastEmittedAtMs = before.#lastEmittedAtMs;
    this.#source = source;
    this.#stream = stream;
    this.#periodMs = periodMs;
    this.#onEmitted = onEmitted;
  }

  start(): void {
    this.#lastEmittedAtMs ||= Date.now();
    this.#timer = setInterval(() => this.beat(), this.#periodMs);
    this.beat();
  }

  /** Sends one now, ahead of the timer; several calls during one write lead to one more. */
  beat(): void {
    if (this.#stopped) return;
    if (this.#emitting) {
      this.#wantedAgain = true;
      return;
    }
    this.#emitting = this.#emit().finally(() => {
      this.#emitting = undefined;
      if (!this.#wantedAgain) return;
      this.#wantedAgain = false;
      this.beat();
    });
  }

  /** A heartbeat came back through the target. */
  arrived(beat: Beat): void {
    if (beat.emitter !== this.#emitter) return;
    this.#lastTripMs = Date.now() - beat.emittedAtMs;
    this.#lastEmittedAtMs = beat.emittedAtMs;
  }

  /** How far behind the target is: the duration of the last trip, or more when the next one is overdue. */
  lagMs(): number {
    if (this.#lastEmittedAtMs === 0) return 0;
    return Math.max(this.#lastTripMs, Date.now() - this.#lastEmittedAtMs - this.#periodMs, 0);
  }

  /** Does not wait for a heartbeat in progress: over a dead connection it takes long to fail. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
  }

  async #emit(): Promise<void> {
    const mark = formatMark({
      kind: 'heartbeat',
      stream: this.#stream,
      emitter: this.#emitter,
      emittedAtMs: Date.now(),
    });
    try {
      const { rows } = await this.#source.query({
        name: 'ficus_heartbeat',
        text: 'SELECT pg_logical_emit_message(true, $1, $2)::text AS lsn',
        values: [HEARTBEAT_PREFIX, mark],
      });
      this.sourceLsn = parseLsn(rows[0].lsn);
      this.#onEmitted();
    } catch (error) {
      // The stream itself notices an unreachable source; until then the lag grows. But a source that is shutting down
      // accepts no client and waits for its walsenders to exit: ours would keep it from ever finishing.
      if ((error as { code?: string }).code === CANNOT_CONNECT_NOW) this.onShutdown(error as Error);
    }
  }
}
