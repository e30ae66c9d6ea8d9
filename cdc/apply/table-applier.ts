/**
 * Turns what a batch holds of one source table into statements for one plan: set-wise, or for tables whose rows depend
 * on one another one row at a time in the order of the source. Holds the target to the rules of Findings.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import { columnSet, composeTuple } from '../batch/compose-tuple.ts';
import { DELETE, DELETE_OWN, INSERT, type NetChanges, PARTIAL, UPDATE } from '../batch/net-changes.ts';
import { DELETE_ROW, INSERT_ROW, type OrderedChange } from '../batch/ordered-changes.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { REREAD_BYTES, type RereadRow } from '../batch/reread-rows.ts';
import { decodeTuple } from '../decode/tuple.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { partialSuffices } from './apply-statements.ts';
import type { Findings } from './findings.ts';
import { type GatheredRows, type OnCount, RowWriter } from './row-writer.ts';
import type { TargetSession } from './target-session.ts';

/** Rows of one statement: enough for neighbours in the index to meet, few enough for both sides to work at once. */
const STATEMENT_ROWS = 20_000;

/** Rows of which some values are not at hand; the source has to be asked for them, and answers in pieces. */
export type Reread = (
  binding: RelationBinding,
  tuples: readonly TuplePlace[],
) => AsyncIterable<readonly RereadRow[]>;

export class TableApplier {
  readonly writer: RowWriter;
  readonly #plan: TablePlan;
  readonly #binding: RelationBinding;
  readonly #reread: Reread;
  readonly #copied: () => boolean;
  /** The target's own triggers may refuse or remove what the stream writes. */
  readonly #hasActiveTriggers: boolean;
  /** Of rows that were asked for again: sent, and perhaps not with the target yet. */
  #unsettledBytes = 0;

  /** `copied`: the first copy of the table is complete, so that the target's rows are the source's. */
  constructor(
    plan: TablePlan,
    binding: RelationBinding,
    session: TargetSession,
    reread: Reread,
    copied: () => boolean,
  ) {
    this.writer = new RowWriter(plan, binding, session);
    this.#plan = plan;
    this.#binding = binding;
    this.#reread = reread;
    this.#copied = copied;
    const { triggers } = plan.target;
    this.#hasActiveTriggers = triggers === 'replicated' || (triggers === 'ordinary' && !session.replicaRole);
  }

  /** Sends everything that `net` amounts to. */
  async applyNet(net: NetChanges, bytes: Buffer, findings: Findings): Promise<void> {
    const { writer } = this;
    // First what goes: of two spellings of an equal key one may go and the other come.
    this.deleteTuples(tuplesOf(net, bytes, DELETE), findings);
    this.#takeBack(tuplesOf(net, bytes, DELETE_OWN), findings);
    const inserts = this.#copied() ? writer.inserts : writer.upserts;
    const updates = this.judgesUpdates ? writer.updates : writer.upserts;
    if (this.#plan.module || !updates) await this.#writeTuples(net, bytes, findings);
    else await this.#writeSets(net, bytes, inserts, updates, findings);
    await this.#updatePartial(tuplesOf(net, bytes, PARTIAL), findings);
  }

  /** One entry alone: to find out which one fails. */
  async applyEntry(net: NetChanges, entry: number, bytes: Buffer, findings: Findings): Promise<void> {
    const tuple = [net.tupleAt(entry, bytes)];
    const operation = net.operations[entry];
    if (operation === DELETE) this.deleteTuples(tuple, findings);
    else if (operation === DELETE_OWN) this.#takeBack(tuple, findings);
    else if (operation === INSERT) this.#insertTuples(tuple);
    else if (operation === UPDATE) this.#updateTuples(tuple, findings);
    else if (operation === PARTIAL) await this.#updatePartial(tuple, findings);
  }

  /** A run of changes of the same kind, in order. */
  async applyOrdered(run: readonly OrderedChange[], bytes: Buffer, findings: Findings): Promise<void> {
    if (run[0]?.operation === INSERT_ROW) {
      this.#insertTuples(run.map((change) => ({ bytes, at: change.at })));
      return;
    }
    for (const change of run) {
      if (change.operation === DELETE_ROW) this.deleteTuples([{ bytes, at: change.oldAt }], findings);
      else await this.#updateOrdered(change, bytes, findings);
    }
  }

  /**
   * A row changes its key, and not all of its values were sent. Where the mapping cannot do without them the row is
   * asked of the source under its new key: an earlier reread under the old one may have found nothing any more. It is
   * moved first all the same: a row that the source has lost meanwhile is still there for the changes in between.
   */
  async applyMove(oldRow: TuplePlace, newRow: TuplePlace, findings: Findings): Promise<void> {
    const sent = this.#sentColumns(newRow);
    if (!this.#copied() || this.#isFiltered) {
      this.writer.deleteTuples([oldRow]);
      if (sent.size < this.#binding.relation.columns.length) await this.#rereadRows([newRow]);
      else this.writer.upsertTuples([newRow]);
      return;
    }
    const onCount = this.judgesUpdates ? this.expectAll([oldRow], findings) : undefined;
    this.writer.move(oldRow, newRow, sent, onCount);
    if (!partialSuffices(this.#plan, sent)) await this.#rereadRows([newRow]);
  }

  /** Of a chunk of the first copy: rows that the target may have already. */
  upsertTuples(tuples: readonly TuplePlace[]): void {
    this.writer.upsertTuples(tuples);
  }

  /** Rows come and go by their values: an UPDATE may bring or take one. */
  get #isFiltered(): boolean {
    return this.#plan.rows !== undefined || this.#plan.module !== undefined;
  }

  protected get judgesUpdates(): boolean {
    return this.#copied() && !this.#isFiltered && !this.#hasActiveTriggers;
  }

  /**
   * The hot path: tuples go from the batch's memory straight into the parameters. Without judging both statements are
   * one and the same upsert.
   */
  async #writeSets(
    net: NetChanges,
    bytes: Buffer,
    inserts: GatheredRows,
    updates: GatheredRows,
    findings: Findings,
  ): Promise<void> {
    const { upserts } = this.writer;
    const flush = (rows: GatheredRows) => {
      if (rows.parameters.rows === 0) return;
      if (rows === upserts) this.writer.flushUpserts();
      else if (rows === inserts) this.writer.flush(rows);
      else
        this.writer.flush(
          rows,
          this.expectAll(() => tuplesOf(net, bytes, UPDATE), findings),
        );
    };
    for (let entry = 0; entry < net.count; entry++) {
      const operation = net.operations[entry];
      if (operation !== INSERT && operation !== UPDATE) continue;
      const rows = operation === INSERT ? inserts : updates;
      const place = net.places[entry]!;
      if (place >= 0) rows.parameters.appendTuple(bytes, place);
      else rows.parameters.appendTuple(net.side.bytes, -1 - place);
      if (rows.parameters.rows < STATEMENT_ROWS) continue;
      flush(rows);
      // Out with it now: the target works on these rows while the next are gathered.
      await nextTurn();
    }
    flush(inserts);
    if (updates !== inserts) flush(updates);
  }

  async #writeTuples(net: NetChanges, bytes: Buffer, findings: Findings): Promise<void> {
    this.#insertTuples(tuplesOf(net, bytes, INSERT));
    this.#updateTuples(tuplesOf(net, bytes, UPDATE), findings);
  }

  #insertTuples(tuples: readonly TuplePlace[]): void {
    if (this.#copied()) this.writer.insertTuples(tuples);
    else this.writer.upsertTuples(tuples);
  }

  #updateTuples(tuples: readonly TuplePlace[], findings: Findings): void {
    if (tuples.length === 0) return;
    if (this.judgesUpdates) this.writer.updateTuples(tuples, this.expectAll(tuples, findings));
    else this.writer.upsertTuples(tuples);
  }

  protected deleteTuples(tuples: readonly TuplePlace[], findings: Findings): void {
    const judged = this.#copied() && !this.#isFiltered && !this.#hasActiveTriggers;
    this.writer.deleteTuples(tuples, (found, expected) => {
      if (judged) findings.missingDeletes += expected - found;
    });
  }

  /** Rows that came and went within the batch: there is nothing to write, but nobody else may have written either. */
  #takeBack(tuples: readonly TuplePlace[], findings: Findings): void {
    if (!this.#copied()) this.writer.deleteTuples(tuples);
    else if (tuples.length > 0) {
      findings.decisive = true;
      this.writer.expectNone(tuples, () =>
        findings.conflicts.push({
          kind: 'already there',
          plan: this.#plan,
          keys: () => this.#keysOf(tuples, 'there'),
        }),
      );
    }
  }

  /** Takes note when the target lacks one of the rows. */
  protected expectAll(
    tuples: readonly TuplePlace[] | (() => readonly TuplePlace[]),
    findings: Findings,
  ): OnCount {
    findings.decisive = true;
    const all = typeof tuples === 'function' ? tuples : () => tuples;
    return (found, expected) => {
      if (found < expected)
        findings.conflicts.push({
          kind: 'missing',
          plan: this.#plan,
          keys: () => this.#keysOf(all(), 'missing'),
        });
    };
  }

  async #keysOf(tuples: readonly TuplePlace[], which: 'there' | 'missing'): Promise<string[]> {
    return (await this.writer.probe(tuples, which)).map((row) => row.key);
  }

  async #updateOrdered(change: OrderedChange, bytes: Buffer, findings: Findings): Promise<void> {
    const sentRow = { bytes, at: change.at };
    const oldRow = { bytes, at: change.oldAt };
    const moves = change.oldAt >= 0 && (!this.#binding.identityFull || this.#keyMoved(change, bytes));
    const lacks = columnSet(bytes, change.at).includes('0');
    // Under FULL the old row has what the new one left alone.
    const isPartial = lacks && !(this.#binding.identityFull && change.oldAt >= 0);
    const newRow = lacks && !isPartial ? { bytes: composeTuple(sentRow, oldRow), at: 0 } : sentRow;
    if (this.#isFiltered) {
      if (change.oldAt >= 0) this.writer.deleteTuples([oldRow]);
      if (isPartial) await this.#rereadRows([newRow]);
      else this.writer.upsertTuples([newRow]);
    } else if (moves) await this.applyMove(oldRow, newRow, findings);
    else if (isPartial) await this.#updatePartial([newRow], findings);
    else this.#updateTuples([newRow], findings);
  }

  #keyMoved(change: OrderedChange, bytes: Buffer): boolean {
    const before = decodeTuple(bytes, change.oldAt);
    const after = decodeTuple(bytes, change.at);
    return this.#binding.keyColumns.some((place) => before[place] !== after[place]);
  }

  async #updatePartial(tuples: readonly TuplePlace[], findings: Findings): Promise<void> {
    for (const group of groupByColumnSet(tuples)) {
      const sent = this.#sentColumns(group[0]!);
      const onCount = this.judgesUpdates ? this.expectAll(group, findings) : undefined;
      if (partialSuffices(this.#plan, sent)) this.writer.updatePartial(group, sent, onCount);
      else {
        if (onCount) this.writer.countMissing(group, onCount);
        await this.#rereadRows(group);
      }
    }
  }

  /** Upserted, not judged: what comes is the source of a later moment, which may lack the row or have it anew. */
  async #rereadRows(tuples: readonly TuplePlace[]): Promise<void> {
    for await (const rows of this.#reread(this.#binding, tuples)) {
      this.writer.upsertTuples(
        rows.flatMap(({ tuple, now }) => (now ? [this.#asOfChange(tuple, { bytes: now, at: 0 })] : [])),
      );
      this.#writeGone(rows.filter(({ now }) => !now).map(({ tuple }) => tuple));
      this.#unsettledBytes += rows.reduce((sum, { now }) => sum + (now?.length ?? 0), 0);
      if (this.#unsettledBytes < REREAD_BYTES) continue;
      // What was sent is held until the target has it.
      this.#unsettledBytes = 0;
      await this.writer.settle();
    }
  }

  /**
   * Where rows depend on one another, a value from later may still be another row's (of a second unique key, say): only
   * what the change did not send is taken. Elsewhere the row as it is now, which is one that the source has had.
   */
  #asOfChange(tuple: TuplePlace, now: TuplePlace): TuplePlace {
    return this.#plan.inOrderReasons.length > 0 ? { bytes: composeTuple(tuple, now), at: 0 } : now;
  }

  /** Rows that the source has no more: until the stream is as far, they must not keep what others have by now. */
  #writeGone(tuples: readonly TuplePlace[]): void {
    if (this.#plan.inOrderReasons.length === 0) return;
    if (this.#isFiltered) this.writer.deleteTuples(tuples);
    else for (const tuple of tuples) this.writer.updatePartial([tuple], this.#sentColumns(tuple));
  }

  #sentColumns({ bytes, at }: TuplePlace): ReadonlySet<string> {
    const set = columnSet(bytes, at);
    const names = this.#binding.relation.columns.map((column) => column.name);
    return new Set(names.filter((_, place) => set[place] === '1'));
  }
}

function tuplesOf(net: NetChanges, bytes: Buffer, operation: number): TuplePlace[] {
  const tuples: TuplePlace[] = [];
  for (let entry = 0; entry < net.count; entry++)
    if (net.operations[entry] === operation) tuples.push(net.tupleAt(entry, bytes));
  return tuples;
}

function groupByColumnSet(tuples: readonly TuplePlace[]): Iterable<TuplePlace[]> {
  const groups = new Map<string, TuplePlace[]>();
  for (const tuple of tuples) {
    const set = columnSet(tuple.bytes, tuple.at);
    const group = groups.get(set);
    if (group) group.push(tuple);
    else groups.set(set, [tuple]);
  }
  return groups.values();
}
