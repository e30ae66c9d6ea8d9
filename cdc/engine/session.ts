/**
 * One life of a stream, from connecting to the first failure: reads the source's changes, applies them batch by batch,
 * runs the first copy beside them, and acknowledges what is durable. Everything it must remember is on the target, so
 * that after a failure a new session goes on where this one was.
 *
 *     source ──socket──▶ Intake ──batch──▶ Applier ──pipelined──▶ target
 *        ▲                  │ high marks                │
 *        │                  └────▶ Copier ──chunks──────┘
 *        └──────────── acknowledge what is durable ◀────┘
 */
import { formatLsn, parseLsn, type SlotHealth } from '@ficus/core';
import { Applier } from '../apply/applier.ts';
import { FENCED } from '../apply/checkpoint.ts';
import { TargetSession } from '../apply/target-session.ts';
import type { Batch } from '../batch/batch.ts';
import { BatchBuilder } from '../batch/batch-builder.ts';
import { Copier } from '../copy/copier.ts';
import { CopyWindows } from '../copy/copy-windows.ts';
import { WholeCopy } from '../copy/whole-copy.ts';
import { WholeTables } from '../copy/whole-tables.ts';
import { ChunkWriter } from '../copy/write-chunk.ts';
import { describeRelation, type Relation } from '../decode/change-visitor.ts';
import { reach } from '../failpoints.ts';
import { findGap } from '../source/publication.ts';
import type { ReplicationConnection } from '../source/replication-connection.ts';
import { BatchPace } from './batch-pace.ts';
import { classifyFailure, RestartSession } from './classify-failure.ts';
import { claimStream, connectSession } from './connect-session.ts';
import type { Heartbeats } from './heartbeat.ts';
import { Liveness } from './liveness.ts';
import { type PreparedStream, prepareStream } from './prepare-stream.ts';
import { Rereader } from './rereader.ts';
import type { SessionHost } from './session-host.ts';
import { SourceFeed } from './source-feed.ts';
import { watchSlot } from './watch-slot.ts';

export class Session {
  copier: Copier | undefined;
  missingDeletes = 0;
  slotHealth: SlotHealth | undefined;
  heartbeats: Heartbeats | undefined;
  /** End of the last transaction of this session that is durable on the target, and acknowledged. */
  durableLsn = 0n;
  readonly #host: SessionHost;
  readonly #failed = Promise.withResolvers<never>();
  readonly #cleanups: (() => unknown)[] = [];
  #stopping = false;
  #ended = false;
  #isUnderWay = false;
  readonly #ending = new AbortController();
  #connection!: ReplicationConnection;
  #feed!: SourceFeed;
  #pace!: BatchPace;
  #applier!: Applier;
  #durableAtMs = 0;
  #slot = '';
  readonly #openedAtMs = Date.now();
  #applying = 0;
  #wholeTables: WholeTables | undefined;

  constructor(host: SessionHost) {
    this.#host = host;
    this.#failed.promise.catch(() => undefined);
  }

  /** Resolves after `stop`; rejects with what went wrong. */
  async run(underWay: () => void): Promise<void> {
    try {
      const opening = this.#open();
      opening.catch(() => undefined);
      await Promise.race([opening, this.#failed.promise]);
      this.#isUnderWay = true;
      underWay();
      await Promise.race([this.#pump(), this.#failed.promise]);
      await this.#acknowledgeAll();
    } finally {
      this.#stopping = true;
      this.signal();
      this.#ended = true;
      this.#ending.abort();
      for (const cleanup of this.#cleanups.reverse()) await cleanup();
    }
  }

  /** Finishes what is being written, then ends. Before anything is, it ends at once: a slot may take hours to be made. */
  stop(): void {
    this.#stopping = true;
    if (this.#isUnderWay) this.signal();
    else this.#fail(new Error('stopped before the stream ran'));
  }

  /** Received, not yet on the target. */
  get pendingTransactions(): number {
    return this.#applying + (this.#feed?.intake.batch.transactions ?? 0);
  }

  /** Something waits for the next batch. */
  signal(): void {
    this.#pace?.signal();
  }

  async #open(): Promise<void> {
    const { options } = this.#host;
    const { answerMs } = this.#host.settings;
    const liveness = new Liveness({ ...options, answerMs, onDead: (error) => this.#fail(error) });
    this.#atEnd(() => liveness.stop());
    const [connection, session, source, target] = await connectSession(this.#host, (cleanup) =>
      this.#atEnd(cleanup),
    );
    this.#connection = connection;
    session.client.on('error', (error) => this.#failed.reject(error));
    liveness.watchClient('target', session.client, () => session.isWaiting);
    liveness.watchClient('source', source);
    liveness.watchClient('target', target);
    await claimStream(options, session, target);
    const prepared = await prepareStream(options, source, target, connection.identity);
    if (this.#ended) return;
    void source.end().catch(() => undefined);
    void target.end().catch(() => undefined);

    const whole = await this.#openWholeCopy(prepared);
    if (this.#ended) return;
    const windows = new CopyWindows();
    const appliedLsn = parseLsn(prepared.checkpoint.lsn);
    const { stream } = prepared.names;
    const rereader = new Rereader({
      source: this.#host.source,
      arrived: () => windows.arrived(),
      stopping: () => this.#stopping,
      tasks: prepared.tasks,
      appliedLsn: () => this.#applier.appliedLsn,
      leftOutUntil: parseLsn(prepared.checkpoint.leftOutUntil),
    });
    this.#applier = new Applier({
      slice: options.slice,
      stream,
      epoch: prepared.epoch,
      holder: prepared.holder,
      appliedLsn,
      session,
      rows: rereader,
    });
    this.#openFeed(prepared, windows, appliedLsn);
    this.#slot = prepared.checkpoint.slot;
    this.#feed.start(prepared);
    // Whatever stands still: heartbeats should come, unless we hold them back ourselves.
    liveness.watch({
      side: 'source',
      pid: connection.pid,
      lastHeardMs: () => connection.lastHeardMs,
      awaits: () => !connection.isPaused && !this.#feed.isDraining,
    });
    await this.#startCopy(prepared, windows, session, liveness, whole);
    if (this.#ended) return;
    this.heartbeats = this.#host.makeHeartbeats(stream);
    this.heartbeats.onShutdown = (error) => this.#fail(error);
    this.#atEnd(() => this.heartbeats?.stop());
    this.heartbeats.start();
    this.#atEnd(
      watchSlot({
        source: this.#host.source,
        slot: this.#slot,
        periodMs: this.#host.settings.slotCheckMs,
        onHealth: (health) => {
          this.slotHealth = health;
        },
        findGap: () =>
          findGap(
            this.#host.source,
            prepared.names.publication,
            prepared.plans.map((plan) => plan.source),
            prepared.published,
          ),
        onLost: (error) => this.#fail(error),
      }),
    );
    this.#host.started(prepared, this);
  }

  async #openWholeCopy({ tasks, names, ...prepared }: PreparedStream): Promise<WholeCopy | undefined> {
    this.#wholeTables = new WholeTables(tasks);
    const { signal } = this.#ending;
    const opening = WholeCopy.openFor(tasks, { ...this.#host.options, ...names, ...prepared, signal });
    this.#atEnd(() =>
      opening.then(
        (whole) => whole?.close(),
        () => undefined,
      ),
    );
    return opening;
  }

  #openFeed(prepared: PreparedStream, windows: CopyWindows, appliedLsn: bigint): void {
    const host = this.#host;
    const stopping = () => this.#stopping;
    const builder = {
      slice: host.options.slice,
      stream: prepared.names.stream,
      plans: prepared.plans,
      appliedLsn,
      watch: windows,
      ledger: () => host.ledger,
      isPaused: (commitLsn: bigint) => host.applyPause?.stops(commitLsn) === true,
      gate: this.#wholeTables?.isEmpty ? undefined : this.#wholeTables,
      checkRelation: (relation: Relation, commitLsn: bigint) =>
        this.#checkRelation(relation, commitLsn, prepared),
    };
    this.#feed = new SourceFeed({
      host,
      connection: this.#connection,
      makeBuilder: (bytes) => new BatchBuilder(builder, bytes),
      stopping,
      onReady: () => this.signal(),
      onFailure: (error) => this.#fail(error),
    });
    this.#pace = new BatchPace({
      intake: this.#feed.intake,
      settings: host.settings,
      someoneWaits: () => host.someoneWaits(),
      stopping,
    });
  }

  /**
   * The table is not as it was when the mapping was compiled. Each time it takes a form, the mapping is compiled again; a
   * form that then still differs is an older one, from before the table was altered, and goes through. Not so where the
   * stream comes upon the same form further on: that may be a new one, of a table that was altered back.
   */
  #checkRelation(relation: Relation, commitLsn: bigint, prepared: PreparedStream): void {
    const form = describeRelation(relation);
    if (prepared.sourceForms.get(`${relation.schema}.${relation.name}`) === form) return;
    const { knownForms } = this.#host;
    if (commitLsn <= (knownForms.get(form) ?? -1n)) return;
    knownForms.set(form, commitLsn);
    throw new RestartSession('a table of the source was altered');
  }

  async #startCopy(
    prepared: PreparedStream,
    windows: CopyWindows,
    session: TargetSession,
    liveness: Liveness,
    whole: WholeCopy | undefined,
  ): Promise<void> {
    const { options, settings } = this.#host;
    const { answerMs } = settings;
    let plain = session;
    if (prepared.tasks.some((task) => !task.done)) {
      const { applicationName } = prepared.names;
      plain = await TargetSession.open({
        url: options.targetUrl,
        applicationName,
        pipeline: false,
        answerMs,
      });
      liveness.watchClient('target', plain.client);
      this.#atEnd(() => plain.close());
      plain.client.on('error', (error) => this.#failed.reject(error));
    }
    const { stream } = prepared.names;
    this.copier = new Copier({
      stream,
      sourceUrl: options.sourceUrl,
      applicationName: prepared.names.applicationName,
      tasks: prepared.tasks,
      windows,
      writer: new ChunkWriter({
        slice: options.slice,
        stream,
        epoch: prepared.epoch,
        holder: prepared.holder,
        session,
        plain: plain.client,
        appliedLsn: () => this.#applier.appliedLsn,
      }),
      whole,
      chunkRows: settings.copyChunkRows,
      parallel: settings.copyParallel,
      rowsPerSecond: settings.copyRowsPerSecond,
      mustWait: () => (this.heartbeats?.lagMs() ?? 0) > settings.copyPauseLagMs,
      onProgress: () => {
        this.#host.progressed();
        this.signal();
      },
    });
    this.#atEnd(() => this.copier?.stop());
    this.copier.run().then(
      () => this.#stopping || this.#host.progressed(),
      (error) => this.#failed.reject(error),
    );
  }

  /** Done when the session ends, the last first; at once when it has ended already. */
  #atEnd(cleanup: () => unknown): void {
    if (this.#ended) void cleanup();
    else this.#cleanups.push(cleanup);
  }

  #fail(error: unknown): void {
    this.#failed.reject(error);
    this.signal();
  }

  async #pump(): Promise<void> {
    while (!this.#stopping) {
      await this.#pace.ready();
      if (this.#stopping) return;
      const batch = this.#feed.intake.take();
      this.#feed.resume();
      this.#applying = batch.transactions;
      await this.#process(batch);
      this.#applying = 0;
      this.#feed.intake.release(batch);
    }
  }

  async #process(batch: Batch): Promise<void> {
    const applier = this.#applier;
    if (batch.isIdle && applier.isBetweenTransactions) {
      if (batch.endLsn > applier.appliedLsn) this.#host.applied(batch.endLsn, batch);
      return;
    }
    // The last of what was fetched in large pieces too: the slot follows as far as is durable.
    const durable =
      this.#feed.isDraining || Date.now() - this.#durableAtMs >= this.#host.settings.acknowledgeMs;
    try {
      await applier.apply(batch, durable);
    } catch (error) {
      throw await this.#explain(error, batch);
    }
    this.missingDeletes = applier.findings.missingDeletes;
    const { cut } = batch;
    // The next change is of a table that is being copied whole, and later than its copy.
    if (cut?.kind === 'whole-copy')
      await this.#pace.until(() => this.#wholeTables?.isDone(cut.table) !== false);
    if (!batch.complete) return;
    if (durable) {
      this.#durableAtMs = Date.now();
      await reach('before-acknowledge');
      this.#connection.acknowledge(applier.appliedLsn);
      this.durableLsn = applier.appliedLsn;
    }
    if (batch.heartbeat) this.heartbeats?.arrived(batch.heartbeat);
    this.#host.applied(applier.appliedLsn, batch);
    this.#noticeFallingBehind();
    if (batch.cut?.kind === 'pause') await this.#pausedBefore(batch.cut.commitLsn);
    if (batch.cut?.kind === 'high-mark') await this.copier?.atHighMark(batch.cut.chunk, batch.cut.snapshot);
  }

  async #pausedBefore(commitLsn: bigint): Promise<void> {
    await this.#pace.until(() => {
      this.#host.applyPause?.standsBefore(commitLsn);
      return this.#host.applyPause?.stops(commitLsn) !== true;
    });
  }

  /** At an orderly end: what was applied is made durable and acknowledged, so that the next start has little to skip. */
  async #acknowledgeAll(): Promise<void> {
    if (!this.#applier.isBetweenTransactions) return;
    const lsn = this.#applier.appliedLsn;
    if (lsn !== this.durableLsn) await this.#applier.flush();
    if (this.#connection.isStreaming) {
      if (lsn !== this.durableLsn) this.#connection.acknowledge(lsn);
      return;
    }
    await this.#host.source.query(
      'SELECT pg_replication_slot_advance(slot_name, $2) FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn < $2',
      [this.#slot, formatLsn(lsn)],
    );
  }

  /** Far behind, large pieces are cheaper than the stream: begin anew with them. */
  #noticeFallingBehind(): void {
    const behind = Number((this.heartbeats?.sourceLsn ?? 0n) - this.#applier.appliedLsn);
    if (
      this.#feed.isCatchingUp ||
      !this.#host.mayCatchUp ||
      !this.copier?.progress().done ||
      Date.now() - this.#openedAtMs < 30_000
    )
      return;
    if (behind > this.#host.settings.catchUpBytes * 8) throw new RestartSession('far behind');
  }

  /** An error of PostgreSQL's about the rows, with the row that caused it. */
  async #explain(error: unknown, batch: Batch): Promise<unknown> {
    if (classifyFailure(error).kind !== 'stop' || (error as { code?: string }).code === FENCED) return error;
    const { targetUrl } = this.#host.options;
    return this.#applier.explain(error, batch, () =>
      TargetSession.open({ url: targetUrl, applicationName: 'ficus' }),
    );
  }
}
