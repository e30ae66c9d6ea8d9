/**
 * Copies tables whole, from one exported snapshot of the source: all rows of a table, and the snapshot's position as
 * its copied-at, in one target transaction. An interrupted table is as empty as before and starts again with a new
 * snapshot. Memory stays bounded: within a snapshot a row stays in its block, so a table is read by ranges of blocks.
 */
import { FicusError, formatLsn } from '@ficus/core';
import pg from 'pg';
import { insertColumns } from '../apply/apply-statements.ts';
import { beginApply, sendBegin } from '../apply/begin-apply.ts';
import { lockCheckpoint, type StreamPlace } from '../apply/checkpoint.ts';
import { refuseLeftOut } from '../apply/left-out.ts';
import { PlanStatements } from '../apply/plan-statements.ts';
import { TargetSession } from '../apply/target-session.ts';
import { lockAndFindRewritten } from '../catalog/lock-table.ts';
import { reach } from '../failpoints.ts';
import { endClient } from '../source/end-client.ts';
import { exportSnapshot } from '../source/export-snapshot.ts';
import { requireOwnSession, takeSession } from '../source/own-session.ts';
import { copyIn, copyOut } from './copy-protocol.ts';
import { findLines, readBinaryRows } from './copy-rows.ts';
import { blocksQuery, type CopyTask, isWhole, type WholeTask } from './copy-task.ts';
import { findRefusedRow } from './find-refused-row.ts';
import { groupBySource } from './whole-tables.ts';
import { binaryTuples, chunkBinding, textTuples } from './write-chunk.ts';

interface WholeCopyOptions {
  readonly slice: string;
  readonly place: StreamPlace;
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly applicationName: string;
  /** Aborted when the snapshot is no longer wanted. */
  readonly signal: AbortSignal;
}

interface WholeCopyProgress {
  /** Waits before each piece, but not for the stream's lag: the stream may be waiting for this very table. */
  throttle(): Promise<void>;
  onBegin(task: WholeTask): void;
  onRows(rows: number): void;
  onTable(): void;
}

/** Read at a time, measured as on the source's disk. */
const PIECE_BYTES = 8 * 1024 * 1024;

const SERIALIZATION_FAILURE = '40001';

export class WholeCopy {
  /** Position of the snapshot. */
  readonly lsn: bigint;
  readonly #options: WholeCopyOptions;
  readonly #source: pg.Client;
  #session: TargetSession | undefined;
  #stopped = false;

  /** Use `openFor` to create one. */
  constructor(options: WholeCopyOptions, source: pg.Client, lsn: bigint) {
    this.#options = options;
    this.#source = source;
    this.lsn = lsn;
  }

  /**
   * Takes the snapshot for the tasks that need one, before the stream begins: for every change that arrives it must be
   * known whether the copy includes it.
   */
  static async openFor(
    tasks: readonly CopyTask[],
    options: WholeCopyOptions,
  ): Promise<WholeCopy | undefined> {
    const left = tasks.filter(isWhole).filter((task) => !task.done);
    if (left.length === 0) return undefined;
    const whole = await WholeCopy.#open(options);
    for (const task of left) task.copiedAt = whole.lsn;
    return whole;
  }

  static async #open(options: WholeCopyOptions): Promise<WholeCopy> {
    const { sourceUrl, applicationName, signal } = options;
    const snapshot = await exportSnapshot(sourceUrl, applicationName, { signal });
    try {
      const source = await connect(options);
      await source.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '${snapshot.name}'`,
      );
      return new WholeCopy(options, source, snapshot.lsn);
    } finally {
      await snapshot.close();
    }
  }

  async run(tasks: readonly WholeTask[], progress: WholeCopyProgress): Promise<void> {
    const { targetUrl, applicationName } = this.#options;
    this.#session = await TargetSession.open({ url: targetUrl, applicationName, pipeline: false });
    try {
      for (const group of groupBySource(tasks)) {
        if (this.#stopped) return;
        for (const task of group) progress.onBegin(task);
        await this.#copyTable(group, this.#session, progress);
        progress.onTable();
      }
    } catch (error) {
      if (!this.#stopped) throw error;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all([endClient(this.#source), this.#session?.close()]);
  }

  async #copyTable(
    tasks: readonly WholeTask[],
    session: TargetSession,
    progress: WholeCopyProgress,
  ): Promise<void> {
    const { client } = session;
    const { slice, place } = this.#options;
    await beginApply(client, slice, place.epoch);
    for (const task of tasks) await requireEmpty(client, task);
    const copied = new Map(tasks.map((task) => [task, 0]));
    await this.#refuseRewritten(tasks[0]!);
    const { blocks, piece } = await this.#measure(tasks[0]!);
    for (let from = 0; from === 0 || from < blocks; from += piece) {
      await progress.throttle();
      for (const task of tasks) {
        const to = from + piece < blocks ? from + piece : undefined;
        const data = await copyOut(this.#source, blocksQuery(task, from, to));
        const rows = await this.#write(task, data, session);
        copied.set(task, copied.get(task)! + rows);
        task.rowsCopied += rows;
        progress.onRows(rows);
      }
    }
    await reach('whole-copied');
    // Last, and briefly: the applier cannot move the checkpoint meanwhile.
    for (const task of tasks) await this.#keep(client, task, copied.get(task)!);
    await client.query('COMMIT');
    for (const task of tasks) {
      task.rowsTotal = task.rowsCopied;
      task.done = true;
    }
  }

  async #write(task: WholeTask, data: Buffer, session: TargetSession): Promise<number> {
    const { plan } = task;
    const statements = new PlanStatements(plan, chunkBinding(task), session);
    try {
      return await this.#writeRows(task, data, statements);
    } catch (error) {
      await session.client.query('ROLLBACK');
      const rows = () => (task.verbatim ? textTuples(data) : binaryTuples(data));
      const { slice, place } = this.#options;
      const begin = () => sendBegin(session, slice, place.epoch);
      throw await findRefusedRow(error, task, statements, chunkBinding(task), rows, begin);
    }
  }

  async #writeRows(task: WholeTask, data: Buffer, statements: PlanStatements): Promise<number> {
    const { plan } = task;
    const { session } = statements;
    const refuse = (written: number, expected: number) =>
      refuseLeftOut(plan, session.replicaRole, written, expected);
    if (task.verbatim) {
      const rows = findLines(data).length - 1;
      const copy = `COPY ${plan.target.sql} (${insertColumns(plan)}) FROM STDIN`;
      if (rows > 0) refuse(await copyIn(session.client, copy, data), rows);
      return rows;
    }
    const { bytes, places } = readBinaryRows(data);
    for (const at of places) statements.inserts.add({ bytes, at });
    statements.sendInserts(refuse);
    await session.settle();
    return places.length;
  }

  /** The copy counts only for the process that owns the stream; only the applier moves the checkpoint. */
  async #keep(client: pg.Client, task: WholeTask, rows: number): Promise<void> {
    await lockCheckpoint(client, this.#options.place);
    await client.query(
      `UPDATE ficus.copy_progress SET rows_copied = $3, rows_total = $3, done = true, copied_at = $4
        WHERE stream = $1 AND target = $2`,
      [this.#options.place.stream, task.plan.target.qualifiedName, rows, formatLsn(this.lsn)],
    );
  }

  /**
   * The lock cannot come before the snapshot: the snapshot waits for transactions, one of which may wait for the lock.
   * @throws an error that makes the copy start again with a new snapshot
   */
  async #refuseRewritten({ plan }: WholeTask): Promise<void> {
    if (!(await lockAndFindRewritten(this.#source, plan.source))) return;
    throw Object.assign(new Error(`${plan.source.qualifiedName} was rewritten before it could be copied`), {
      code: SERIALIZATION_FAILURE,
    });
  }

  /** Blocks of the table (or of its largest partition), and how many of them, with their large values, make a piece. */
  async #measure({ plan }: WholeTask): Promise<{ blocks: number; piece: number }> {
    const { rows } = await this.#source.query<{ blocks: number; blockBytes: number }>(
      `SELECT (max(pg_relation_size(oid)) / current_setting('block_size')::bigint)::float8 AS blocks,
              (sum(pg_table_size(oid)) / greatest(sum(pg_relation_size(oid)), 1)
               * current_setting('block_size')::bigint)::float8 AS "blockBytes"
         FROM (SELECT $1::oid AS oid UNION SELECT relid FROM pg_partition_tree($1::oid)) AS parts`,
      [plan.source.oid],
    );
    const { blocks = 0, blockBytes = 1 } = rows[0] ?? {};
    return { blocks, piece: Math.max(1, Math.floor(PIECE_BYTES / blockBytes)) };
  }
}

async function connect({ sourceUrl, applicationName }: WholeCopyOptions): Promise<pg.Client> {
  await requireOwnSession(sourceUrl);
  const client = new pg.Client({
    connectionString: sourceUrl,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  await takeSession(client);
  return client;
}

/** Rows already on the target cannot be distinguished from the copied ones: they would be there twice. */
async function requireEmpty(client: pg.Client, { plan }: WholeTask): Promise<void> {
  const { rows } = await client.query(`SELECT EXISTS (SELECT FROM ${plan.target.sql}) AS filled`);
  if (!rows[0]?.filled) return;
  throw new FicusError(
    'FICUS_CDC_TARGET_NOT_EMPTY',
    `${plan.target.qualifiedName} has rows, and no key that distinguishes them from those of ${plan.source.qualifiedName}: TRUNCATE ${plan.target.sql};`,
  );
}
