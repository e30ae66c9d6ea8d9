/**
 * The first copy: reads the source in chunks while the stream runs, several tables at a time, and hands each chunk to
 * the writer when the stream has reached its high mark. Resumes after the last chunk that is on the target.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyProgress } from '@ficus/core';
import pg from 'pg';
import type { Logger } from 'pino';
import { decodeTuple } from '../decode/tuple.ts';
import { reach } from '../failpoints.ts';
import { endClient } from '../source/end-client.ts';
import { COPY_PREFIX, formatMark } from '../source/marks.ts';
import { outliveOpenTransactions } from '../source/open-transactions.ts';
import { requireOwnSession, takeSession } from '../source/own-session.ts';
import { CopyLog } from './copy-log.ts';
import { copyOut } from './copy-protocol.ts';
import { findLines, parseLine, readBinaryRows } from './copy-rows.ts';
import {
  type Chunk,
  type ChunkedTask,
  type CopyTask,
  chunkQuery,
  decideChunkRows,
  isChunked,
  isWhole,
} from './copy-task.ts';
import type { CopyWindows } from './copy-windows.ts';
import { waitUntil } from './wait-until.ts';
import type { WholeCopy } from './whole-copy.ts';
import type { ChunkWriter } from './write-chunk.ts';

interface CopierOptions {
  readonly stream: string;
  readonly sourceUrl: string;
  readonly applicationName: string;
  readonly tasks: readonly CopyTask[];
  readonly windows: CopyWindows;
  readonly writer: ChunkWriter;
  /** For the tasks that are copied whole. */
  readonly whole: WholeCopy | undefined;
  readonly chunkRows: number;
  readonly parallel: number;
  /** 0 means unlimited. */
  readonly rowsPerSecond: number;
  /** The stream is too far behind for more work. */
  readonly mustWait: () => boolean;
  readonly logger: Logger;
  readonly onProgress: () => void;
}

interface InFlight {
  readonly chunk: Chunk;
  readonly generation: number;
  settle(outcome: 'written' | 'again'): void;
}

/** Chunks of a table that may be read ahead of the one being written. */
const READ_AHEAD = 2;

export class Copier {
  readonly #options: CopierOptions;
  readonly #log: CopyLog;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #generations = new Map<ChunkedTask, number>();
  readonly #clients = new Set<pg.Client>();
  /** Transactions that the copy waits for before it reads. */
  waitsFor: readonly string[] = [];
  #stopped = false;
  #startedAtMs = 0;
  #rowsThisRun = 0;

  constructor(options: CopierOptions) {
    this.#options = options;
    this.#log = new CopyLog(options.logger, () => this.progress());
  }

  /** Copies what is not copied yet. */
  async run(): Promise<void> {
    this.#startedAtMs = Date.now();
    await Promise.all([this.#copyWhole(), this.#copyInChunks()]);
  }

  async #copyInChunks(): Promise<void> {
    const waiting = this.#options.tasks.filter(isChunked).filter((task) => !task.done);
    if (waiting.length === 0) return;
    await this.#waitUntilVisible();
    const worker = async () => {
      for (let task = waiting.shift(); task && !this.#stopped; task = waiting.shift())
        await this.#copyTable(task);
    };
    await Promise.all(Array.from({ length: this.#options.parallel }, worker));
  }

  async #copyWhole(): Promise<void> {
    const { whole, tasks } = this.#options;
    const left = tasks.filter(isWhole).filter((task) => !task.done);
    await whole?.run(left, {
      throttle: () => this.#keepRate(),
      onBegin: (task) => this.#log.begins(task, performance.now()),
      onRows: (rows) => {
        this.#rowsThisRun += rows;
        this.#progressed();
      },
      onTable: () => this.#progressed(),
    });
  }

  /** Resolves when nothing of the source is being read any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const flight of this.#inFlight.values()) flight.settle('again');
    this.#inFlight.clear();
    await Promise.all([...[...this.#clients].map(endClient), this.#options.whole?.close()]);
  }

  /** Tables whose copy begins again if the session ends now: those without a key are copied in one transaction. */
  get unfinishedWhole(): readonly string[] {
    const begun = this.#options.tasks.filter(isWhole).filter((task) => !task.done && task.rowsCopied > 0);
    return [...new Set(begun.map(({ plan }) => plan.source.qualifiedName))];
  }

  /** The stream is at the high mark of a chunk, and everything before it is on the target. */
  async atHighMark(id: string, snapshot: string): Promise<void> {
    const window = this.#options.windows.close(id, snapshot);
    if (!window) return;
    const flight = this.#inFlight.get(id);
    if (!flight) return;
    this.#inFlight.delete(id);
    const { task } = flight.chunk;
    if (window.invalid || flight.generation !== this.#generationOf(task)) {
      // Chunks read after this one must not be written before it.
      if (window.invalid) this.#generations.set(task, this.#generationOf(task) + 1);
      flight.settle('again');
      return;
    }
    await this.#options.writer.write(flight.chunk, window);
    this.#rowsThisRun += flight.chunk.rows;
    await reach('after-chunk-write');
    this.#progressed();
    flight.settle('written');
  }

  #progressed(): void {
    this.#log.moved(performance.now());
    this.#options.onProgress();
  }

  progress(): CopyProgress {
    const { tasks } = this.#options;
    const seconds = Math.max(0.001, (Date.now() - this.#startedAtMs) / 1000);
    const done = tasks.every((task) => task.done);
    return {
      rowsCopied: tasks.reduce((sum, task) => sum + task.rowsCopied, 0),
      rowsTotal: Math.round(tasks.reduce((sum, task) => sum + task.rowsTotal, 0)),
      rowsPerSecond: done ? 0 : Math.round(this.#rowsThisRun / seconds),
      done,
    };
  }

  /** Chunks must see everything committed before this session's stream begins: the stream will not bring it. */
  async #waitUntilVisible(): Promise<void> {
    const client = await this.#connect();
    try {
      await outliveOpenTransactions(
        client,
        () => this.#stopped,
        (transactions) => {
          this.waitsFor = transactions;
        },
      );
    } finally {
      this.#clients.delete(client);
      await endClient(client);
    }
  }

  async #copyTable(task: ChunkedTask): Promise<void> {
    const client = await this.#connect();
    this.#log.begins(task, performance.now());
    try {
      const pending: Promise<'written' | 'again'>[] = [];
      let after = task.lastKey;
      let reading = true;
      // One for a whole run of chunks: when a chunk turns out invalid, those read after it are invalid too.
      let generation = this.#generationOf(task);
      let limit = 0;
      while (!this.#stopped && !task.done) {
        if (reading && pending.length < READ_AHEAD) {
          await this.#throttle();
          limit = decideChunkRows(this.#options.chunkRows, task.rowBytes, limit);
          const { chunk, outcome } = await this.#readChunk(client, task, after, limit, generation);
          pending.push(outcome);
          if (chunk.rows > 0) task.rowBytes = chunk.data.length / chunk.rows;
          after = chunk.lastKey ?? after;
          reading = !chunk.last;
          continue;
        }
        if ((await pending.shift()) === 'again') {
          await Promise.all(pending.splice(0));
          after = task.lastKey;
          reading = true;
          generation = this.#generationOf(task);
        }
      }
    } finally {
      this.#clients.delete(client);
      await endClient(client);
    }
  }

  async #readChunk(
    client: pg.Client,
    task: ChunkedTask,
    after: readonly string[] | undefined,
    limit: number,
    generation: number,
  ): Promise<{ chunk: Chunk; outcome: Promise<'written' | 'again'> }> {
    const id = randomUUID();
    const { stream, windows } = this.#options;
    const mark = (content: string) =>
      client.query('SELECT pg_logical_emit_message(true, $1, $2)', [COPY_PREFIX, content]);
    windows.expect(id, task.plan.source.qualifiedName);
    try {
      await mark(formatMark({ kind: 'low', stream, chunk: id }));
      // Locked before the snapshot: a table that ALTER TABLE rewrites in between would look empty to it.
      await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE ${task.plan.source.sql} IN ACCESS SHARE MODE`,
      );
      const snapshot = (await client.query('SELECT pg_current_snapshot()::text AS snapshot')).rows[0]
        .snapshot as string;
      const data = await copyOut(client, chunkQuery(task, after, limit));
      await client.query('COMMIT');
      const chunk = describeChunk(id, task, data, limit);
      await reach('chunk-read');
      const { promise: outcome, resolve } = Promise.withResolvers<'written' | 'again'>();
      this.#inFlight.set(id, { chunk, generation, settle: resolve });
      await mark(formatMark({ kind: 'high', stream, chunk: id, snapshot }));
      return { chunk, outcome };
    } catch (error) {
      windows.forget(id);
      this.#inFlight.delete(id);
      throw error;
    }
  }

  async #connect(): Promise<pg.Client> {
    await requireOwnSession(this.#options.sourceUrl);
    const client = new pg.Client({
      connectionString: this.#options.sourceUrl,
      application_name: this.#options.applicationName,
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.add(client);
    await takeSession(client);
    // Uses the key's index whatever the statistics say; and the marks must reach the stream at once.
    await client.query('SET enable_seqscan = off; SET synchronous_commit = local');
    return client;
  }

  async #throttle(): Promise<void> {
    const { mustWait } = this.#options;
    while (!this.#stopped && mustWait()) await sleep(100);
    await this.#keepRate();
  }

  async #keepRate(): Promise<void> {
    const { rowsPerSecond } = this.#options;
    if (rowsPerSecond <= 0) return;
    const dueMs = this.#startedAtMs + (this.#rowsThisRun / rowsPerSecond) * 1000;
    await waitUntil(dueMs, () => this.#stopped);
  }

  #generationOf(task: ChunkedTask): number {
    return this.#generations.get(task) ?? 0;
  }
}

function describeChunk(id: string, task: ChunkedTask, data: Buffer, limit: number): Chunk {
  const keyPlaces = task.plan.source.keyColumns.map((name) =>
    task.columns.findIndex((column) => column.name === name),
  );
  const { rows, lastRow } = task.verbatim ? lastOfText(data) : lastOfBinary(data);
  const lastKey = lastRow && keyPlaces.map((place) => String(lastRow[place]));
  return { id, task, data, rows, lastKey, last: rows < limit };
}

function lastOfText(data: Buffer): { rows: number; lastRow: readonly unknown[] | undefined } {
  const starts = findLines(data);
  const rows = starts.length - 1;
  return { rows, lastRow: rows > 0 ? parseLine(data, starts[rows - 1]!, starts[rows]! - 1) : undefined };
}

function lastOfBinary(data: Buffer): { rows: number; lastRow: readonly unknown[] | undefined } {
  const { bytes, places } = readBinaryRows(data);
  return { rows: places.length, lastRow: places.length > 0 ? decodeTuple(bytes, places.at(-1)!) : undefined };
}
