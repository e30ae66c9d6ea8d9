/**
 * The stream of one slice as the control plane sees it: runs sessions one after another, keeps the status, answers
 * waiters. A lost connection is ordinary; the next session continues from the checkpoint.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EmptiedTable,
  formatLsn,
  parseLsn,
  type ReplicationProblem,
  type ReplicationStatus,
} from '@ficus/core';
import type pg from 'pg';
import { type Logger, pino } from 'pino';
import type { Batch } from '../batch/batch.ts';
import { ChangeLedger } from '../batch/change-ledger.ts';
import { Positions } from '../positions.ts';
import type { Pause, RecordedChanges, Replication, ReplicationOptions, RoundTrip } from '../replication.ts';
import { DEFAULT_SETTINGS, type ReplicationSettings } from '../replication-settings.ts';
import { nameApplication } from '../source/stream-names.ts';
import { ApplyPause } from './apply-pause.ts';
import { beginComparison } from './begin-comparison.ts';
import { classifyFailure } from './classify-failure.ts';
import { ofStream } from './describe-way-back.ts';
import { dropStream, readCopied } from './drop-stream.ts';
import { Heartbeats } from './heartbeat.ts';
import {
  type Failed,
  failedBefore,
  type Lifecycle,
  mayComeAgain,
  mayFollow,
  publicState,
} from './lifecycle.ts';
import { openSourcePool } from './open-source-pool.ts';
import type { PreparedStream } from './prepare-stream.ts';
import { proveRoundTrip } from './prove-round-trip.ts';
import { RetryPause } from './retry-pause.ts';
import { Session } from './session.ts';
import type { SessionHost, SessionStatus } from './session-host.ts';
import { isDurable, StreamWaiters } from './stream-waiters.ts';
import { watchWaits } from './watch-waits.ts';

export class SliceReplication implements Replication, SessionHost {
  readonly options: ReplicationOptions;
  readonly settings: ReplicationSettings;
  #pool: pg.Pool | undefined;
  readonly logger: Logger;
  readonly #applicationName: string;
  readonly #listeners = new Set<(status: ReplicationStatus) => void>();
  readonly #waiters = new StreamWaiters();
  epoch: number;
  readonly #retry = new RetryPause();
  #lifecycle: Lifecycle = { name: 'idle' };
  #session: SessionStatus | undefined;
  #heartbeats: Heartbeats | undefined;
  #loop: Promise<void> | undefined;
  #stopping: AbortController | undefined;
  /** Of the running session, or the last one. */
  #positions = new Positions();
  applyPause: ApplyPause | undefined;
  ledger: ChangeLedger | undefined;
  readonly knownShapes = new Map<string, bigint>();
  mayCatchUp = true;
  /** What a stream that does not move waits for. */
  #wait: ReplicationProblem | undefined;
  /** Sides that the running session cannot check. */
  readonly #unwatched = new Map<string, ReplicationProblem>();
  /** The furthest position before a failure. */
  #stoppedAt = 0n;
  #transactionsApplied = 0;
  #rowsApplied = 0;

  constructor(options: ReplicationOptions) {
    this.options = options;
    this.#applicationName = nameApplication(options.slice, options.direction);
    this.epoch = options.epoch ?? 1;
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.logger = (options.logger ?? pino({ level: 'silent' })).child({
      slice: options.slice,
      direction: options.direction ?? 'forward',
    });
  }

  /** Pool of connections to the source, apart from the replication connection; reopened after a stop. */
  get source(): pg.Pool {
    this.#pool ??= openSourcePool(this.options.sourceUrl, this.#applicationName);
    return this.#pool;
  }

  async start(): Promise<void> {
    if (this.#loop) return;
    this.#stopping = new AbortController();
    this.#stoppedAt = 0n;
    // Time in which nothing ran does not count as a standstill.
    this.#heartbeats = undefined;
    const underWay = Promise.withResolvers<void>();
    this.#loop = this.#runSessions(this.#stopping.signal, underWay.resolve).finally(() => {
      this.#loop = undefined;
    });
    await underWay.promise;
  }

  status(): ReplicationStatus {
    const sourceLsn = this.#heartbeats?.sourceLsn ?? 0n;
    const { applied } = this.#positions;
    const lagBytes = sourceLsn > applied ? Number(sourceLsn - applied) : 0;
    const [unwatched] = this.#unwatched.values();
    const { state, problem = this.#wait ?? unwatched } = publicState(this.#lifecycle);
    return {
      slice: this.options.slice,
      state,
      problem,
      appliedLsn: formatLsn(applied),
      sourceLsn: formatLsn(sourceLsn > applied ? sourceLsn : applied),
      lagBytes,
      lagMs: this.#heartbeats?.lagMs() ?? 0,
      transactionsApplied: this.#transactionsApplied,
      rowsApplied: this.#rowsApplied,
      lagTransactions: this.#session?.pendingTransactions ?? 0,
      missingDeletes: this.#session?.missingDeletes ?? 0,
      slot: this.#session?.slotHealth,
      copy: this.#session?.copyProgress(),
    };
  }

  subscribe(listener: (status: ReplicationStatus) => void): () => void {
    this.#listeners.add(listener);
    listener(this.status());
    return () => this.#listeners.delete(listener);
  }

  async currentPosition(): Promise<string> {
    const { rows } = await this.source.query({
      name: 'ficus_position',
      text: 'SELECT pg_current_wal_insert_lsn()::text AS lsn',
    });
    return rows[0].lsn as string;
  }

  waitForPosition(lsn: string, timeoutMs: number): Promise<boolean> {
    const wanted = parseLsn(lsn);
    if (wanted <= this.#positions.applied) return Promise.resolve(true);
    return this.#awaited(this.#waiters.forApplied(wanted, timeoutMs), wanted);
  }

  waitForDurable(lsn: string, timeoutMs: number): Promise<boolean> {
    const wanted = parseLsn(lsn);
    if (wanted <= this.#positions.applied && isDurable(this.#positions)) return Promise.resolve(true);
    return this.#awaited(this.#waiters.forDurable(wanted, timeoutMs), wanted);
  }

  #awaited(reached: Promise<boolean>, wanted: bigint): Promise<boolean> {
    // Quiet tables may send nothing past the position; a heartbeat does.
    if (wanted > this.#positions.applied) this.#heartbeats?.beat();
    this.#session?.signal();
    return reached;
  }

  async changeEpoch(epoch: number, timeoutMs: number): Promise<boolean> {
    if (epoch < this.epoch) throw new RangeError(`epoch ${epoch} is lower than ${this.epoch}`);
    this.epoch = epoch;
    const raised = this.#waiters.forEpoch(epoch, timeoutMs);
    this.#session?.signal();
    // A fence of this epoch may be what the stream was refused by.
    this.#retry.end();
    return raised;
  }

  async lookAtTables(): Promise<boolean | undefined> {
    return this.#session?.lookAtTables().catch(() => undefined);
  }

  proveRoundTrip(timeoutMs: number): Promise<RoundTrip> {
    return proveRoundTrip(this, timeoutMs);
  }

  pause(): Pause {
    this.applyPause?.resume();
    const point = new ApplyPause(() => {
      this.#session?.signal();
      // The stream stops before the position only when something arrives after it.
      this.#heartbeats?.beat();
    });
    this.applyPause = point;
    return point;
  }

  recordChanges(): void {
    this.ledger = new ChangeLedger();
  }

  beginComparison(): RecordedChanges {
    return beginComparison(() => this.ledger);
  }

  async copied(): Promise<boolean> {
    if (this.#session) return this.#session.copyProgress().done;
    return readCopied(this.options);
  }

  async stop(): Promise<void> {
    this.#stopping?.abort();
    await this.#loop;
    this.#waiters.giveUp();
    const pool = this.#pool;
    this.#pool = undefined;
    await Promise.race([pool?.end().catch(() => undefined), sleep(2_000, undefined, { ref: false })]);
    this.#enter({ name: 'idle' });
  }

  async drop({ emptyTarget = false }: { emptyTarget?: boolean } = {}): Promise<readonly EmptiedTable[]> {
    this.ledger = undefined;
    await this.stop();
    return dropStream(this.options, emptyTarget, this.epoch);
  }

  hasWaiters(): boolean {
    return this.#waiters.areThere;
  }

  awaitsDurable(lsn: bigint): boolean {
    return this.#waiters.awaitsDurable(lsn);
  }

  epochIs(epoch: number): void {
    this.#waiters.epochIs(epoch);
  }

  durable(): void {
    this.#waiters.moved(this.#positions);
  }

  makeHeartbeats(stream: string): Heartbeats {
    const { source, settings } = this;
    const heartbeats = this.#heartbeats;
    this.#heartbeats = new Heartbeats(source, stream, settings.heartbeatMs, () => this.#notify(), heartbeats);
    return this.#heartbeats;
  }

  begin(checkpoint: bigint): Positions {
    // Another process has applied changes meanwhile, which the ledger has not recorded.
    if (checkpoint > this.#positions.everReceived) this.ledger = undefined;
    this.#positions = this.#positions.next(checkpoint);
    return this.#positions;
  }

  started(prepared: PreparedStream, session: SessionStatus): void {
    this.#session = session;
    this.logger.info({ slot: prepared.checkpoint.slot, lsn: prepared.checkpoint.lsn }, 'stream runs');
    if (this.hasWaiters()) this.#heartbeats?.beat();
    if (this.#heldBack === undefined) this.progressed();
  }

  applied(batch: Batch): void {
    this.#transactionsApplied += batch.transactions;
    this.#rowsApplied += batch.changes;
    this.#waiters.moved(this.#positions);
    if (this.#lifecycle.name === 'starting' && this.#session?.copyProgress().done) this.progressed();
    else this.#notify();
  }

  progressed(): void {
    // Nothing is known before the session has started; `started` runs this, too.
    if (!this.#session) return;
    const { done } = this.#session.copyProgress();
    if (this.#mayForget(done)) this.#enter({ name: done ? 'streaming' : 'copying' });
  }

  unwatched(side: 'source' | 'target', problem: ReplicationProblem | undefined): void {
    if (problem?.message === this.#unwatched.get(side)?.message) return;
    if (problem) this.#unwatched.set(side, problem);
    else this.#unwatched.delete(side);
    if (problem) this.logger.warn({ problem }, 'stream runs unchecked');
    else this.logger.info({ side }, 'stream is checked again');
    this.#notify();
  }

  /** A failure that may come again: while a session only tries, it is no less in the way. */
  get #heldBack(): Failed | undefined {
    const after = this.#lifecycle.name === 'starting' ? this.#lifecycle.after : undefined;
    return after && mayComeAgain(after) ? after : undefined;
  }

  /**
   * The problem stays until a batch is applied that is not one of those that come again from the checkpoint, or until the
   * copy goes further.
   */
  #mayForget(copied: boolean): boolean {
    return this.#heldBack === undefined || !copied || this.#positions.applied > this.#stoppedAt;
  }

  async #runSessions(signal: AbortSignal, underWay: () => void): Promise<void> {
    let pauseMs = this.settings.reconnectMinMs;
    const stopWatching = this.#watchWaits();
    while (!signal.aborted) {
      this.#enter({ name: 'starting', after: failedBefore(this.#lifecycle) });
      const session = new Session(this);
      const startedAtMs = Date.now();
      const stop = () => session.stop();
      signal.addEventListener('abort', stop);
      try {
        await session.run(underWay);
      } catch (error) {
        if (signal.aborted) break;
        if (this.#positions.applied > this.#stoppedAt) this.#stoppedAt = this.#positions.applied;
        this.#positions = this.#positions.withoutUndurable();
        pauseMs = Date.now() - startedAtMs > 10_000 ? this.settings.reconnectMinMs : pauseMs;
        const waitMs = this.#afterFailure(error, pauseMs);
        if (waitMs === undefined) break;
        pauseMs = Math.min(pauseMs * 2, this.settings.reconnectMaxMs);
        underWay();
        await this.#retry.wait(waitMs, signal);
      } finally {
        signal.removeEventListener('abort', stop);
        this.#session = undefined;
        this.#unwatched.clear();
      }
    }
    stopWatching();
    underWay();
  }

  #watchWaits(): () => void {
    return watchWaits({
      source: () => this.source,
      targetUrl: this.options.targetUrl,
      applicationName: this.#applicationName,
      progress: () => this.#progress(),
      transactions: () => this.#session?.waitsFor ?? [],
      toEmpty: () => this.#session?.waitsToEmpty ?? [],
      onWait: (problem) => this.#waits(problem),
    });
  }

  /** Heartbeats move an idle stream, and chunks its copy. */
  #progress(): string | undefined {
    const { name } = this.#lifecycle;
    if (name !== 'starting' && name !== 'copying' && name !== 'streaming') return undefined;
    return `${name} ${name === 'copying' ? this.#session?.copyProgress().rowsCopied : this.#positions.applied}`;
  }

  #waits(problem: ReplicationProblem | undefined): void {
    if (problem?.message === this.#wait?.message) return;
    // Its age grows with each look.
    const isKnown = problem?.remedy === this.#wait?.remedy;
    this.#wait = problem;
    if (problem && !isKnown) this.logger.warn({ problem }, 'stream waits');
    else if (!problem) this.logger.info('stream waits no longer');
    this.#notify();
  }

  /** Enters the next state; returns how long to wait before the next attempt, undefined when there is none. */
  #afterFailure(error: unknown, pauseMs: number): number | undefined {
    const failure = ofStream(classifyFailure(error), this.options);
    const tables = this.#session?.unfinishedWhole ?? [];
    const continues = failure.kind !== 'standby' && (failure.kind !== 'stop' || failure.retried);
    if (continues && tables.length > 0)
      this.logger.warn({ tables, reason: (error as Error).message }, 'copy begins again');
    switch (failure.kind) {
      case 'restart':
        this.logger.info({ reason: (error as Error).message }, 'stream restarts from its checkpoint');
        return 0;
      case 'standby':
        // The other process's lag is not known here.
        this.#heartbeats = undefined;
        this.#enter({ name: 'standby' });
        return this.settings.retryMs;
      case 'reconnect':
        this.logger.warn({ err: error }, 'stream interrupted');
        // A query that was not answered in time, say: what it waited for says more.
        this.#enter({ name: 'reconnecting', problem: this.#wait ?? failure.problem });
        return pauseMs;
      case 'stop':
        if (publicState(this.#lifecycle).problem?.message !== failure.problem.message)
          this.logger.error({ err: error, problem: failure.problem }, 'stream stopped');
        this.#enter({ name: 'stopped', problem: failure.problem });
        return failure.retried ? this.settings.retryMs : undefined;
    }
  }

  #enter(lifecycle: Lifecycle): void {
    const [from, to] = [this.#lifecycle.name, lifecycle.name];
    // A fault of our own: the stream continues.
    if (!mayFollow(from, to)) {
      const message = `state ${to} may not follow ${from}`;
      this.logger.error({ from, to }, message);
      this.options.onFault?.(new Error(message));
    }
    this.#lifecycle = lifecycle;
    this.#notify();
  }

  #notify(): void {
    if (this.#listeners.size === 0) return;
    const status = this.status();
    for (const listener of this.#listeners) listener(status);
  }
}
