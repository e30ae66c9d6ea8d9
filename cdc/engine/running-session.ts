/**
 * A session whose stream runs: takes the source's changes batch by batch, applies them, and acknowledges what is durable.
 *
 *     source ──▶ ChangeSource ──batch──▶ Applier ──pipelined──▶ target
 *        ▲            │ high marks              │
 *        │            └────▶ Copier ──chunks────┘
 *        └──────── acknowledge what is durable ◀┘
 */
import { type CopyProgress, FicusError, type SlotHealth } from '@ficus/core';
import pg from 'pg';
import type { Applier } from '../apply/applier.ts';
import { FENCED } from '../apply/checkpoint.ts';
import { TargetSession } from '../apply/target-session.ts';
import type { Batch } from '../batch/batch.ts';
import type { ChangeSource } from '../batch/change-source.ts';
import type { Copier } from '../copy/copier.ts';
import type { WholeTables } from '../copy/whole-tables.ts';
import { reach } from '../failpoints.ts';
import type { Positions } from '../positions.ts';
import type { BatchPace } from './batch-pace.ts';
import type { BatchReports } from './batch-reports.ts';
import { classifyFailure, RestartSession } from './classify-failure.ts';
import type { Errands } from './errands.ts';
import type { Heartbeats } from './heartbeat.ts';
import type { SessionHost, SessionStatus } from './session-host.ts';
import type { SessionLife } from './session-life.ts';

interface SessionParts {
  readonly host: SessionHost;
  readonly life: SessionLife;
  readonly positions: Positions;
  readonly changes: ChangeSource;
  readonly pace: BatchPace;
  readonly applier: Applier;
  readonly errands: Errands;
  readonly copier: Copier;
  readonly wholeTables: WholeTables;
  readonly heartbeats: Heartbeats;
  /** Undefined unless the caller wants them. */
  readonly reports: BatchReports | undefined;
}

/** Below this age a restart costs more than it saves. */
const RESTART_AGE_MS = 30_000;

export class RunningSession implements SessionStatus {
  slotHealth: SlotHealth | undefined;
  lookAtTables: SessionStatus['lookAtTables'] = async () => undefined;
  readonly #parts: SessionParts;
  readonly #openedAtMs = Date.now();
  #durableAtMs = 0;
  #applying = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get pendingTransactions(): number {
    return this.#applying + this.#parts.changes.gathering.transactions;
  }

  get missingDeletes(): number {
    return this.#parts.applier.check.missingDeletes;
  }

  get waitsFor(): readonly string[] {
    return this.#parts.copier.waitsFor;
  }

  get waitsToEmpty(): readonly string[] {
    return this.#parts.applier.waitsFor;
  }

  get unfinishedWhole(): readonly string[] {
    return this.#parts.copier.unfinishedWhole;
  }

  copyProgress(): CopyProgress {
    return this.#parts.copier.progress();
  }

  signal(): void {
    this.#parts.pace.signal();
  }

  /** Applies batch after batch until the session stops. */
  async pump(): Promise<void> {
    const { changes, errands, pace, life } = this.#parts;
    while (!life.isStopping) {
      await pace.ready();
      if (life.isStopping) return;
      if (errands.isDue) {
        await errands.run();
        continue;
      }
      const batch = changes.take();
      this.#applying = batch.transactions;
      await this.#process(batch);
      this.#applying = 0;
      changes.release(batch);
    }
  }

  /**
   * At an orderly end: makes what was applied durable and acknowledges it, so that the next start has little to skip.
   */
  async finish(): Promise<void> {
    const { applier, changes, positions } = this.#parts;
    if (!applier.isBetweenTransactions) return;
    if (positions.durable < positions.checkpoint) {
      await applier.flush();
      positions.advance('durable', positions.checkpoint);
    }
    await changes.finish();
  }

  async #process(batch: Batch): Promise<void> {
    const { applier, changes, host, positions, reports } = this.#parts;
    if (batch.isIdle && applier.isBetweenTransactions) {
      if (batch.endLsn <= positions.applied) return;
      positions.advance('applied', batch.endLsn);
      host.applied(batch);
      return;
    }
    // Includes what was fetched in large pieces: the slot advances as far as the target is durable.
    const isDue = Date.now() - this.#durableAtMs >= host.settings.acknowledgeMs;
    const durable = changes.awaitsTarget || isDue || host.awaitsDurable(batch.endLsn);
    reports?.begin();
    try {
      await applier.apply(batch, durable);
    } catch (error) {
      reports?.ended(batch);
      const explained = await this.#explain(error, batch);
      reports?.failed(explained);
      throw explained;
    }
    reports?.ended(batch);
    // The next change belongs to a table that is being copied whole, and is later than its copy.
    if (batch.cut?.kind === 'whole-copy') await this.#untilCopied(batch.cut.table);
    if (!batch.complete) return;
    if (durable) await this.#acknowledge();
    await this.#committed(batch);
  }

  async #acknowledge(): Promise<void> {
    const { changes, positions } = this.#parts;
    positions.advance('durable', positions.checkpoint);
    this.#durableAtMs = Date.now();
    await reach('before-acknowledge');
    changes.acknowledge();
  }

  async #committed(batch: Batch): Promise<void> {
    const { copier, heartbeats, host } = this.#parts;
    if (batch.heartbeat) heartbeats.arrived(batch.heartbeat);
    this.#parts.reports?.committed();
    host.applied(batch);
    this.#noticeFallingBehind();
    if (batch.cut?.kind === 'pause') await this.#untilResumed(batch.cut.commitLsn);
    if (batch.cut?.kind === 'high-mark') await copier.atHighMark(batch.cut.chunk, batch.cut.snapshot);
  }

  async #untilCopied(table: string): Promise<void> {
    const { pace, wholeTables } = this.#parts;
    await pace.until(() => wholeTables.isDone(table));
  }

  async #untilResumed(commitLsn: bigint): Promise<void> {
    const { errands, host, life, pace } = this.#parts;
    const resumed = () => {
      host.applyPause?.reachedBefore(commitLsn);
      return host.applyPause?.stops(commitLsn) !== true;
    };
    while (!life.isStopping && !resumed()) {
      await pace.until(() => resumed() || errands.isDue);
      await errands.run();
    }
  }

  /** Far behind, catch-up in large pieces is cheaper than the stream: restart with it. */
  #noticeFallingBehind(): void {
    const { changes, copier, heartbeats, positions } = this.#parts;
    const behindBytes = Number(heartbeats.sourceLsn - positions.checkpoint);
    if (!changes.wouldRestartPay(behindBytes) || Date.now() - this.#openedAtMs < RESTART_AGE_MS) return;
    if (copier.progress().done) throw new RestartSession('far behind');
  }

  /** Turns a refusal of the target into an error that names the row, where one can be found. */
  async #explain(error: unknown, batch: Batch): Promise<unknown> {
    if (classifyFailure(error).kind !== 'stop' || (error as { code?: string }).code === FENCED) return error;
    const { applier, host } = this.#parts;
    const explained = await applier.explain(error, batch, () =>
      TargetSession.open({ url: host.options.targetUrl, applicationName: 'ficus' }),
    );
    if (!(explained instanceof pg.DatabaseError)) return explained;
    return new FicusError('FICUS_CDC_APPLY_FAILED', explained.message, { cause: explained });
  }
}
