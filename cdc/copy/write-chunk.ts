/**
 * Writes a chunk of the first copy to the target, in a transaction of its own with its progress, while the stream is
 * held at the chunk's high mark: whatever the stream brings later is newer than the chunk.
 */
import type pg from 'pg';
import { insertColumns } from '../apply/apply-statements.ts';
import { beginApply, sendBegin } from '../apply/begin-apply.ts';
import { advanceStatement, type Statement, type StreamPlace } from '../apply/checkpoint.ts';
import { refuseLeftOut } from '../apply/left-out.ts';
import { PlanStatements } from '../apply/plan-statements.ts';
import type { TargetSession } from '../apply/target-session.ts';
import { composeTuple, type TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { locateColumn, NULL, readInt32, tupleKey, UNCHANGED } from '../decode/tuple.ts';
import { reach } from '../failpoints.ts';
import { findForbidden } from '../mapping/find-intercepts.ts';
import type { Positions } from '../positions.ts';
import { copyIn } from './copy-protocol.ts';
import { findLines, lineToTuple, readBinaryRows } from './copy-rows.ts';
import type { Chunk, CopyTask } from './copy-task.ts';
import type { CopyWindow, WindowEntry } from './copy-windows.ts';
import { findRefusedRow } from './find-refused-row.ts';

interface ChunkWriterOptions {
  readonly slice: string;
  readonly place: StreamPlace;
  /** Pipelined, shared with the applier, which is idle meanwhile. */
  readonly session: TargetSession;
  /** Not pipelined, for COPY. */
  readonly plain: pg.ClientBase;
  readonly positions: Positions;
}

const UNIQUE_VIOLATION = '23505';

export class ChunkWriter {
  readonly #options: ChunkWriterOptions;
  readonly #statements = new Map<CopyTask, PlanStatements>();

  constructor(options: ChunkWriterOptions) {
    this.#options = options;
  }

  async write(chunk: Chunk, window: CopyWindow): Promise<void> {
    const { task } = chunk;
    const untouched = window.entries.size === 0;
    try {
      if (!(task.verbatim && untouched && (await this.#writeVerbatim(chunk))))
        await this.#writeTuples(chunk, window);
    } catch (error) {
      const rows = () => remainingTuples(chunk, window);
      const { session, slice, place } = this.#options;
      const begin = () => sendBegin(session, slice, place.epoch);
      throw await findRefusedRow(error, task, this.#statementsOf(task), chunkBinding(task), rows, begin);
    }
    task.lastKey = chunk.lastKey ?? task.lastKey;
    task.rowsCopied += chunk.rows;
    task.rowsTotal = Math.max(task.rowsTotal, task.rowsCopied);
    if (chunk.last) {
      task.done = true;
      task.rowsTotal = task.rowsCopied;
    }
  }

  /** False when the stream has already brought one of the rows to the target. */
  async #writeVerbatim(chunk: Chunk): Promise<boolean> {
    const { plain, slice, place } = this.#options;
    const { plan } = chunk.task;
    try {
      await beginApply(plain, slice, place.epoch);
      const copy = `COPY ${plan.target.sql} (${insertColumns(plan)}) FROM STDIN`;
      if (chunk.rows > 0) this.#refuse(plan, await copyIn(plain, copy, chunk.data), chunk.rows);
      for (const { text, values } of this.#bookkeeping(chunk)) await plain.query(text, values as unknown[]);
      await reach('before-chunk-write');
      await plain.query('COMMIT');
      return true;
    } catch (error) {
      await plain.query('ROLLBACK');
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      return false;
    }
  }

  async #writeTuples(chunk: Chunk, window: CopyWindow): Promise<void> {
    const { session, slice, place } = this.#options;
    const tuples = remainingTuples(chunk, window);
    sendBegin(session, slice, place.epoch);
    try {
      await this.#upsert(chunk.task, tuples);
      for (const { text, values } of this.#bookkeeping(chunk)) session.send(text, values);
      session.send('COMMIT');
      await reach('before-chunk-write');
      await session.settle();
    } catch (error) {
      session.send('ROLLBACK');
      await session.settle().catch(() => undefined);
      throw error;
    }
  }

  /** Waits for the answer only where it matters: for a table whose triggers may leave out rows. */
  async #upsert(task: CopyTask, tuples: readonly TuplePlace[]): Promise<void> {
    const { session } = this.#options;
    const statements = this.#statementsOf(task);
    const forbids = (operation: 'insert' | 'update') =>
      findForbidden(task.plan, operation, session.replicaRole).length > 0;
    // A row that is there already is updated.
    const watched = (forbids('insert') || forbids('update')) && !statements.ignoresExisting;
    if (!watched) return statements.upsertRows(tuples);
    let counts = { written: 0, rows: 0 };
    statements.upsertRows(tuples, (written, rows) => {
      counts = { written, rows };
    });
    await session.settle();
    this.#refuse(task.plan, counts.written, counts.rows);
  }

  #refuse(plan: CopyTask['plan'], written: number, rows: number): void {
    refuseLeftOut(plan, this.#options.session.replicaRole, written, rows);
  }

  #bookkeeping(chunk: Chunk): Statement[] {
    const { place, positions } = this.#options;
    const { task } = chunk;
    const at = positions.checkpoint;
    return [
      {
        text: `UPDATE ficus.copy_progress SET last_key = coalesce($3::text[], last_key), rows_copied = rows_copied + $4,
                 rows_total = $5, done = $6 WHERE stream = $1 AND target = $2`,
        values: [
          place.stream,
          task.plan.target.qualifiedName,
          chunk.lastKey ?? null,
          chunk.rows,
          Math.round(task.rowsTotal),
          chunk.last,
        ],
      },
      // Moves nothing; fails when this process no longer owns the stream.
      advanceStatement(place, at, at),
    ];
  }

  #statementsOf(task: CopyTask): PlanStatements {
    let statements = this.#statements.get(task);
    if (!statements) {
      statements = new PlanStatements(task.plan, chunkBinding(task), this.#options.session);
      this.#statements.set(task, statements);
    }
    return statements;
  }
}

/** The chunk's columns, in the form of a table of the stream. */
export function chunkBinding(task: CopyTask): RelationBinding {
  const { plan, columns } = task;
  return {
    relation: {
      oid: plan.source.oid,
      schema: plan.source.schema,
      name: plan.source.name,
      identity: 'default',
      columns: columns.map(({ name }) => ({ name, typeOid: 25, typmod: -1, identity: false })),
    },
    plans: [plan],
    keyColumns: [],
    inOrder: false,
    identityFull: false,
    keysMayMeet: false,
    columnPlaces: new Map(columns.map((column, place) => [column.name, place])),
  };
}

/** The chunk's rows without those that the stream has superseded; partly superseded ones are completed. */
function remainingTuples(chunk: Chunk, window: CopyWindow): TuplePlace[] {
  const rows = chunk.task.verbatim ? textTuples(chunk.data) : binaryTuples(chunk.data);
  if (window.entries.size === 0) return rows;
  const names = chunk.task.columns.map((column) => column.name);
  const keyPlaces = window.keyNames.map((name) => names.indexOf(name));
  const keep: TuplePlace[] = [];
  for (const row of rows) {
    const entry = window.entries.get(keyOf(row, keyPlaces));
    if (entry === undefined) keep.push(row);
    else if (entry !== 'superseded') keep.push({ bytes: complete(row, entry, names), at: 0 });
  }
  return keep;
}

function keyOf(row: TuplePlace, places: readonly number[]): string | number {
  const fields = places.map((place) => fieldAt(row.bytes, locateColumn(row.bytes, row.at, place)));
  const head = Buffer.from([0, fields.length]);
  return tupleKey(
    Buffer.concat([head, ...fields]),
    0,
    fields.map((_, place) => place),
  );
}

function complete(
  row: TuplePlace,
  entry: Exclude<WindowEntry, 'superseded'>,
  names: readonly string[],
): Buffer {
  const head = Buffer.alloc(2);
  head.writeInt16BE(names.length);
  const fields = names.map((name) => {
    const place = entry.columnPlaces.get(name);
    return place === undefined ? Buffer.from('u') : fieldAt(entry.tuple, locateColumn(entry.tuple, 0, place));
  });
  return composeTuple({ bytes: Buffer.concat([head, ...fields]), at: 0 }, row);
}

function fieldAt(bytes: Buffer, place: number): Buffer {
  const kind = bytes[place];
  const end = kind === NULL || kind === UNCHANGED ? place + 1 : place + 5 + readInt32(bytes, place + 1);
  return bytes.subarray(place, end);
}

export function binaryTuples(data: Buffer): TuplePlace[] {
  const { bytes, places } = readBinaryRows(data);
  return places.map((at) => ({ bytes, at }));
}

export function textTuples(data: Buffer): TuplePlace[] {
  const starts = findLines(data);
  return starts
    .slice(0, -1)
    .map((start, line) => ({ bytes: lineToTuple(data, start, starts[line + 1]! - 1), at: 0 }));
}
