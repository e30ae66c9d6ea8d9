/**
 * The source of changes on a replication slot: while much WAL is waiting it fetches large pieces, then it streams.
 * Pauses the socket when the intake is full, and lets tiny reads accumulate when they are too many.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatLsn } from '@ficus/core';
import type pg from 'pg';
import type { Batch } from '../batch/batch.ts';
import type { BatchBuilder } from '../batch/batch-builder.ts';
import type { ChangeSource, SourceListener } from '../batch/change-source.ts';
import { Intake } from '../batch/intake.ts';
import type { Positions } from '../positions.ts';
import type { ReplicationSettings } from '../replication-settings.ts';
import { CatchUp } from '../source/catch-up.ts';
import type { ReplicationConnection } from '../source/replication-connection.ts';
import { advanceSlot } from '../source/slot.ts';
import { readErrorFields } from '../source/wire-text.ts';
import { describeRefusal, isSlotTaken, RestartSession } from './classify-failure.ts';

/** What the source needs of the replication around it. */
interface PgoutputHost {
  readonly settings: ReplicationSettings;
  /** Pool of connections to the source, apart from the replication connection. */
  readonly source: pg.Pool;
  /** False once the source has refused catch-up in large pieces. */
  mayCatchUp: boolean;
  hasWaiters(): boolean;
}

interface PgoutputSourceOptions {
  readonly host: PgoutputHost;
  readonly connection: ReplicationConnection;
  readonly positions: Positions;
  readonly slot: string;
  readonly publication: string;
  /** WAL between the checkpoint and the source's end. */
  readonly backlogBytes: number;
  readonly makeBuilder: (bytes: Buffer) => BatchBuilder;
  readonly stopping: () => boolean;
}

/** A small backlog is not worth an extra connection. */
const RESTART_FACTOR = 8;

export class PgoutputSource implements ChangeSource {
  readonly #options: PgoutputSourceOptions;
  readonly #intake: Intake;
  #listener: SourceListener = { ready: () => undefined, failed: () => undefined };
  /** Everything fetched in large pieces has arrived; the stream starts once it is on the target. */
  #isDraining = false;
  /** A batch was taken and not yet released. */
  #isInUse = false;
  #catchUp: CatchUp | undefined;
  #countedSinceMs = 0;
  #pieces = 0;

  constructor(options: PgoutputSourceOptions) {
    this.#options = options;
    const { connection, host, makeBuilder } = options;
    this.#intake = new Intake(
      makeBuilder,
      {
        // Keepalive positions are not acknowledged even when idle: an acknowledged position ahead of the checkpoint is
        // how a recreated slot is recognized. Heartbeats move both, also past WAL of other tables.
        keepalive: (_walEnd, replyRequested) => {
          if (replyRequested) connection.reply();
        },
        control: (type, body) => this.#onControl(type, body),
      },
      host.settings.batchBytes,
    );
  }

  get gathering(): Batch {
    return this.#intake.batch;
  }

  get isReady(): boolean {
    return this.#intake.ready;
  }

  get isFull(): boolean {
    return this.#intake.isClosed || this.#intake.wantsPause;
  }

  get awaitsTarget(): boolean {
    return this.#isDraining;
  }

  /** Data should arrive: heartbeats at least. */
  get awaitsServer(): boolean {
    return !this.#options.connection.isPaused && !this.#isDraining;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    const { connection, positions } = this.#options;
    connection.attach({
      data: (chunk) => this.#onData(chunk),
      closed: (error) => listener.failed(error ?? new Error('the source closed the replication connection')),
      acknowledged: () => positions.acknowledged,
    });
    this.#stream().catch((error) => listener.failed(error));
  }

  take(): Batch {
    const batch = this.#intake.take();
    this.#isInUse = true;
    // The intake may have room again.
    this.#resume();
    return batch;
  }

  release(batch: Batch): void {
    this.#isInUse = false;
    this.#intake.release(batch);
  }

  wouldRestartPay(behindBytes: number): boolean {
    const { settings, mayCatchUp } = this.#options.host;
    return !this.#catchUp && mayCatchUp && behindBytes > settings.catchUpBytes * RESTART_FACTOR;
  }

  acknowledge(): void {
    const { positions } = this.#options;
    positions.advance('acknowledged', positions.durable);
    this.#options.connection.reply();
  }

  async finish(): Promise<void> {
    const { connection, host, positions, slot } = this.#options;
    if (connection.isStreaming) {
      if (positions.acknowledged < positions.durable) this.acknowledge();
      return;
    }
    await advanceSlot(host.source, slot, formatLsn(positions.durable));
    positions.advance('acknowledged', positions.durable);
  }

  async #stream(): Promise<void> {
    const { connection, host, positions, slot, publication, backlogBytes } = this.#options;
    if (host.mayCatchUp && backlogBytes > host.settings.catchUpBytes) {
      this.#catchUp = new CatchUp({ connection, slot, publication, lsn: formatLsn(positions.checkpoint) });
      await this.#catchUp.run();
      this.#isDraining = true;
      await this.#drained();
      this.#isDraining = false;
      // The end of the session advances the slot itself.
      if (this.#options.stopping()) return;
      await this.#catchUp.advance(formatLsn(positions.acknowledged));
      this.#catchUp = undefined;
    }
    connection.start({ slot, publication, lsn: formatLsn(positions.received) });
  }

  /** Everything received is on the target and acknowledged. */
  async #drained(): Promise<void> {
    const { positions, stopping } = this.#options;
    while (!stopping() && (this.#isInUse || positions.applied < positions.received)) await sleep(5);
  }

  #onControl(type: string, body: Buffer): void {
    if (this.#catchUp?.onControl(type, body)) return;
    if (type !== 'E') return;
    const fields = readErrorFields(body);
    if (this.#catchUp && !isSlotTaken(fields.get('C'))) {
      // No spare slot, or a temporary file too large: the plain stream needs neither.
      this.#options.host.mayCatchUp = false;
      this.#listener.failed(
        new RestartSession(`the source refused to catch up in large pieces: ${fields.get('M')}`),
      );
      return;
    }
    this.#listener.failed(describeRefusal(fields.get('C') ?? '', fields.get('M') ?? 'the source refused'));
  }

  #onData(chunk: Buffer): void {
    try {
      this.#intake.push(chunk);
    } catch (error) {
      this.#listener.failed(error);
      return;
    }
    if (this.#intake.wantsPause) this.#options.connection.pause();
    else if (this.#isBusy(chunk.length)) this.#pauseBriefly();
    if (this.#intake.ready) this.#listener.ready();
  }

  /** Thousands of small reads a second cost both sides more system calls than a few large ones. */
  #isBusy(bytes: number): boolean {
    const now = performance.now();
    if (now - this.#countedSinceMs > 20) {
      this.#countedSinceMs = now;
      this.#pieces = 0;
    }
    return bytes < 8_192 && ++this.#pieces > 60 && !this.#options.host.hasWaiters();
  }

  #pauseBriefly(): void {
    this.#options.connection.pause();
    setTimeout(() => {
      if (!this.#options.stopping()) this.#resume();
    }, 1);
  }

  #resume(): void {
    if (!this.#intake.wantsPause) this.#options.connection.resume();
  }
}
