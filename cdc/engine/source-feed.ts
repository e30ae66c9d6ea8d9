/**
 * What comes from the source, on its way into the intake: first, when much is waiting, in large pieces, then as a
 * stream. Holds the socket back when the intake is full, and gathers crumbs when there are too many of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatLsn, parseLsn } from '@ficus/core';
import type { BatchBuilder } from '../batch/batch-builder.ts';
import { Intake } from '../batch/intake.ts';
import type { ReplicationSettings } from '../replication-settings.ts';
import { CatchUp } from '../source/catch-up.ts';
import type { ReplicationConnection } from '../source/replication-connection.ts';
import { readErrorFields } from '../source/wire-text.ts';
import { describeRefusal, isSlotTaken, RestartSession } from './classify-failure.ts';
import type { PreparedStream } from './prepare-stream.ts';

/** What the feed needs of the session around it. */
export interface FeedHost {
  readonly settings: ReplicationSettings;
  /** End of the last transaction on the target. */
  readonly appliedLsn: bigint;
  /** False once the source has refused to be read in large pieces. */
  mayCatchUp: boolean;
  someoneWaits(): boolean;
}

export interface SourceFeedOptions {
  readonly host: FeedHost;
  readonly connection: ReplicationConnection;
  readonly makeBuilder: (bytes: Buffer) => BatchBuilder;
  readonly stopping: () => boolean;
  /** A batch can be taken. */
  readonly onReady: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class SourceFeed {
  readonly intake: Intake;
  readonly #options: SourceFeedOptions;
  /** What was fetched in large pieces is all here; the stream follows when it is on the target. */
  isDraining = false;
  #catchUp: CatchUp | undefined;
  #countedSinceMs = 0;
  #pieces = 0;

  constructor(options: SourceFeedOptions) {
    this.#options = options;
    const { connection, host, makeBuilder } = options;
    this.intake = new Intake(
      makeBuilder,
      {
        // Its position is not acknowledged, even where nothing is under way: an acknowledged position ahead of the
        // checkpoint is how a slot that was made anew is told. Heartbeats move both, also past WAL of other tables.
        keepalive: (_walEnd, replyRequested) => {
          if (replyRequested) connection.reply();
        },
        control: (type, body) => this.#onControl(type, body),
      },
      host.settings.batchBytes,
    );
  }

  get isCatchingUp(): boolean {
    return this.#catchUp !== undefined;
  }

  /** From here on bytes come. */
  start(prepared: PreparedStream): void {
    const { connection, onFailure } = this.#options;
    connection.takeOver({
      data: (chunk) => this.#onData(chunk),
      closed: (error) => onFailure(error ?? new Error('the source closed the replication connection')),
    });
    this.#stream(prepared).catch(onFailure);
  }

  /** A batch was taken: there may be room again. */
  resume(): void {
    if (!this.intake.wantsPause) this.#options.connection.resume();
  }

  async #stream(prepared: PreparedStream): Promise<void> {
    const { slot, lsn } = prepared.checkpoint;
    const { publication } = prepared.names;
    const { connection, host } = this.#options;
    if (host.mayCatchUp && prepared.backlogBytes > host.settings.catchUpBytes) {
      this.#catchUp = new CatchUp({ connection, slot, publication, lsn });
      await this.#catchUp.run();
      this.isDraining = true;
      await this.#drained();
      this.isDraining = false;
      // The end of the session advances the slot itself.
      if (this.#options.stopping()) return;
      await this.#catchUp.advance(formatLsn(connection.acknowledgedLsn));
      this.#catchUp = undefined;
    }
    const from = this.intake.receivedLsn;
    connection.start({ slot, publication, lsn: from > parseLsn(lsn) ? formatLsn(from) : lsn });
  }

  /** Everything received is on the target. */
  async #drained(): Promise<void> {
    const { host, stopping } = this.#options;
    while (!stopping() && host.appliedLsn < this.intake.receivedLsn) await sleep(5);
  }

  #onControl(type: string, body: Buffer): void {
    if (this.#catchUp?.onControl(type, body)) return;
    if (type !== 'E') return;
    const { host, onFailure } = this.#options;
    const fields = readErrorFields(body);
    if (this.#catchUp && !isSlotTaken(fields.get('C'))) {
      // No slot to spare, a temporary file too large: the plain stream needs neither.
      host.mayCatchUp = false;
      onFailure(new RestartSession(`catching up was refused: ${fields.get('M')}`));
      return;
    }
    onFailure(describeRefusal(fields.get('C') ?? '', fields.get('M') ?? 'the source refused'));
  }

  #onData(chunk: Buffer): void {
    try {
      this.intake.push(chunk);
    } catch (error) {
      this.#options.onFailure(error);
      return;
    }
    if (this.intake.wantsPause) this.#options.connection.pause();
    else if (this.#isBusy(chunk.length)) this.#breathe();
    if (this.intake.ready) this.#options.onReady();
  }

  /** Thousands of small pieces a second: each costs both sides system calls that a larger one does not. */
  #isBusy(bytes: number): boolean {
    const now = performance.now();
    if (now - this.#countedSinceMs > 20) {
      this.#countedSinceMs = now;
      this.#pieces = 0;
    }
    return bytes < 8_192 && ++this.#pieces > 60 && !this.#options.host.someoneWaits();
  }

  #breathe(): void {
    this.#options.connection.pause();
    setTimeout(() => {
      if (!this.#options.stopping()) this.resume();
    }, 1);
  }
}
