/**
 * Turns a batch's changes of one source table into statements for one plan: set-wise, or, for tables whose rows depend
 * on one another, row by row in the order of the source. Checks the target against the rules of TargetCheck.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import { columnSet, composeTuple } from '../batch/compose-tuple.ts';
import { DELETE, DELETE_OWN, INSERT, type NetChanges, PARTIAL, UPDATE } from '../batch/net-changes.ts';
import { DELETE_ROW, INSERT_ROW, type OrderedChange } from '../batch/ordered-changes.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { REREAD_BYTES, type RereadRow } from '../batch/reread-rows.ts';
import { keyDiffers } from '../decode/tuple.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { partialSuffices } from './apply-statements.ts';
import { expectAll, expectNone } from './expect-rows.ts';
import { LeftOut } from './left-out.ts';
import { PlanStatements } from './plan-statements.ts';
import { countRows } from './probe-rows.ts';
import type { OnCount, RowStatement } from './row-statement.ts';
import type { TargetCheck } from './target-check.ts';
import type { TargetSession } from './target-session.ts';

/** Rows per statement: enough to group neighbours in the index, few enough to keep both sides working at once. */
const STATEMENT_ROWS = 20_000;

/** Reads rows, some of whose values were not sent, from the source again, piece by piece. */
export type Reread = (
  binding: RelationBinding,
  tuples: readonly TuplePlace[],
) => AsyncIterable<readonly RereadRow[]>;

export class TableApplier {
  readonly statements: PlanStatements;
  readonly #plan: TablePlan;
  readonly #binding: RelationBinding;
  readonly #reread: Reread;
  readonly #copied: () => boolean;
  /** The target's own triggers may refuse, keep or remove rows against what the stream writes. */
  readonly #hasActiveTriggers: boolean;
  readonly #leftOut: LeftOut;
  /** Bytes of reread rows that were sent and that the target may not have received yet. */
  #unsettledBytes = 0;

  /** `copied`: the table's first copy is complete, so that the target's rows are the source's. */
  constructor(
    plan: TablePlan,
    binding: RelationBinding,
    session: TargetSession,
    reread: Reread,
    copied: () => boolean,
  ) {
    this.statements = new PlanStatements(plan, binding, session);
    this.#leftOut = new LeftOut(this.statements);
    this.#plan = plan;
    this.#binding = binding;
    this.#reread = reread;
    this.#copied = copied;
    const { triggers } = plan.target;
    this.#hasActiveTriggers = triggers === 'replicated' || (triggers === 'ordinary' && !session.replicaRole);
  }

  /** Sends the statements for everything in `net`. */
  async applyNet(net: NetChanges, bytes: Buffer, check: TargetCheck): Promise<void> {
    const { statements } = this;
    // Deletes first: one spelling of a key may leave while an equal one arrives.
    this.remove(tuplesOf(net, bytes, DELETE), check);
    this.#takeBack(tuplesOf(net, bytes, DELETE_OWN), check, () => keptOf(net, bytes));
    const inserts = this.#copied() ? statements.inserts : statements.upserts;
    const updates = this.mustHaveRows ? statements.updates : statements.upserts;
    if (this.#plan.module || !updates) this.#writeTuples(net, bytes, check);
    else await this.#writeSets(net, bytes, inserts, updates, check);
    await this.#updatePartial(tuplesOf(net, bytes, PARTIAL), check);
  }

  /** Applies one entry alone, to find out which one fails. */
  async applyEntry(net: NetChanges, entry: number, bytes: Buffer, check: TargetCheck): Promise<void> {
    const tuple = [net.tupleAt(entry, bytes)];
    const operation = net.operations[entry];
    if (operation === DELETE) this.remove(tuple, check);
    else if (operation === DELETE_OWN) this.#takeBack(tuple, check, () => keptOf(net, bytes));
    else if (operation === INSERT) this.#insert(tuple, check);
    else if (operation === UPDATE) this.#update(tuple, check);
    else if (operation === PARTIAL) await this.#updatePartial(tuple, check);
  }

  /** Applies a run of changes of the same kind, in order. */
  async applyOrdered(run: readonly OrderedChange[], bytes: Buffer, check: TargetCheck): Promise<void> {
    if (run[0]?.operation === INSERT_ROW) {
      this.#insert(
        run.map((change) => ({ bytes, at: change.at })),
        check,
      );
      return;
    }
    for (const change of run) {
      if (change.operation === DELETE_ROW) this.remove([{ bytes, at: change.oldAt }], check);
      else await this.#updateOrdered(change, bytes, check);
    }
  }

  /**
   * Applies a change of key where not all values were sent. If the mapping needs the missing ones, the row is reread
   * from the source under its new key: an earlier reread under the old key may have found nothing. The row is moved
   * first even so: if the source has deleted it meanwhile, the changes in between still find it.
   */
  async applyMove(oldRow: TuplePlace, sentRow: TuplePlace, check: TargetCheck): Promise<void> {
    const newRow = this.#withKey(sentRow, oldRow);
    const sent = this.#sentColumns(newRow);
    if (!this.#copied() || this.#isFiltered) {
      this.statements.deletes.sendKeys([oldRow]);
      if (sent.size < this.#binding.relation.columns.length) await this.#rereadRows([newRow], check);
      else this.#upsert([newRow], check);
      return;
    }
    const onCount = this.#expectUpdated(() => [oldRow], check);
    this.statements.moveRow(oldRow, newRow, sent, onCount);
    if (!partialSuffices(this.#plan, sent)) await this.#rereadRows([newRow], check);
  }

  /** The row's values decide whether it is on the target: an UPDATE may add or remove it. */
  get #isFiltered(): boolean {
    return this.#plan.rows !== undefined || this.#plan.module !== undefined;
  }

  /** The target must have the row of each UPDATE and DELETE (target-check.ts names the exemptions). */
  get mustHaveRows(): boolean {
    return this.#copied() && !this.#isFiltered && !this.#hasActiveTriggers && !this.#leftOut.isAllowed;
  }

  /**
   * The hot path: tuples go from the batch's memory straight into the parameters. Without conflict checks both
   * statements are the same upsert.
   */
  async #writeSets(
    net: NetChanges,
    bytes: Buffer,
    inserts: RowStatement,
    updates: RowStatement,
    check: TargetCheck,
  ): Promise<void> {
    const { upserts } = this.statements;
    /** Entries before these were sent. */
    const sent = new Map<RowStatement, number>();
    const flush = (rows: RowStatement, until: number) => {
      if (rows.rows === 0) return;
      const from = sent.get(rows) ?? 0;
      sent.set(rows, until);
      const all = (operation: number) => tuplesOf(net, bytes, operation, from, until);
      if (rows === upserts)
        this.statements.sendUpserts(this.#leftOut.upserts(() => [...all(INSERT), ...all(UPDATE)], check));
      else if (rows === inserts)
        this.#leftOut.inserts(
          (onCount) => this.statements.sendInserts(onCount),
          () => all(INSERT),
          check,
        );
      else rows.send(this.#expectUpdated(() => all(UPDATE), check));
    };
    for (let entry = 0; entry < net.count; entry++) {
      const operation = net.operations[entry];
      if (operation !== INSERT && operation !== UPDATE) continue;
      const rows = operation === INSERT ? inserts : updates;
      const place = net.places[entry]!;
      if (place >= 0) rows.addPlace(bytes, place);
      else rows.addPlace(net.side.bytes, -1 - place);
      if (rows.rows < STATEMENT_ROWS) continue;
      flush(rows, entry + 1);
      // Sent at once: the target works on these rows while the next are gathered.
      await nextTurn();
    }
    flush(inserts, net.count);
    if (updates !== inserts) flush(updates, net.count);
  }

  #writeTuples(net: NetChanges, bytes: Buffer, check: TargetCheck): void {
    this.#insert(tuplesOf(net, bytes, INSERT), check);
    this.#update(tuplesOf(net, bytes, UPDATE), check);
  }

  #insert(tuples: readonly TuplePlace[], check: TargetCheck): void {
    if (this.#copied()) this.sendInserts(tuples, check);
    else this.#upsert(tuples, check);
  }

  sendInserts(tuples: readonly TuplePlace[], check: TargetCheck): void {
    for (const tuple of tuples) this.statements.inserts.add(tuple);
    this.#leftOut.inserts(
      (onCount) => this.statements.sendInserts(onCount),
      () => tuples,
      check,
    );
  }

  #upsert(tuples: readonly TuplePlace[], check: TargetCheck): void {
    this.statements.upsertRows(
      tuples,
      this.#leftOut.upserts(() => tuples, check),
    );
  }

  /** Call before the rows are sent. Undefined where the target may rightly lack them. */
  #expectUpdated(tuples: () => readonly TuplePlace[], check: TargetCheck): OnCount | undefined {
    if (!this.#copied() || this.#isFiltered) return undefined;
    const missing = this.mustHaveRows ? expectAll(this.statements, tuples, check) : undefined;
    return this.#leftOut.updates(tuples, check, missing);
  }

  #update(tuples: readonly TuplePlace[], check: TargetCheck): void {
    if (tuples.length === 0) return;
    if (!this.mustHaveRows) this.#upsert(tuples, check);
    else
      this.#set(
        this.statements.updates,
        tuples,
        this.#expectUpdated(() => tuples, check),
      );
  }

  /** @param onMissing called where the target must have the rows; by default, those that it lacks are counted */
  remove(
    tuples: readonly TuplePlace[],
    check: TargetCheck,
    onMissing: OnCount = (found, expected) => {
      check.missingDeletes += expected - found;
    },
  ): void {
    const counted = this.mustHaveRows ? onMissing : undefined;
    if (!this.#leftOut.watchesDeletes) {
      this.statements.deletes.sendKeys(tuples, counted);
      return;
    }
    // What a rule leaves out is not missing.
    const expected = tuples.length;
    let found = expected;
    this.statements.deletes.sendKeys(tuples, (count) => {
      found = count;
    });
    this.#leftOut.deletes(
      tuples,
      check,
      () => found < expected,
      () => counted?.(found, expected),
    );
  }

  /**
   * Handles rows inserted and deleted within the batch: nothing is written, but the target must not have them either.
   */
  #takeBack(tuples: readonly TuplePlace[], check: TargetCheck, kept: () => readonly TuplePlace[]): void {
    if (this.#copied()) expectNone(this.statements, tuples, check, kept);
    else this.statements.deletes.sendKeys(tuples);
  }

  async #updateOrdered(change: OrderedChange, bytes: Buffer, check: TargetCheck): Promise<void> {
    const sentRow = { bytes, at: change.at };
    const oldRow = { bytes, at: change.oldAt };
    const moves = change.oldAt >= 0 && (!this.#binding.identityFull || this.#keyMoved(change, bytes));
    const lacks = columnSet(bytes, change.at).includes('0');
    // Under FULL, the old row has the values that the new one left out as unchanged.
    const isPartial = lacks && !(this.#binding.identityFull && change.oldAt >= 0);
    const newRow = lacks && !isPartial ? { bytes: composeTuple(sentRow, oldRow), at: 0 } : sentRow;
    if (this.#isFiltered) {
      if (change.oldAt >= 0) this.statements.deletes.sendKeys([oldRow]);
      const row = change.oldAt >= 0 ? this.#withKey(newRow, oldRow) : newRow;
      if (isPartial) await this.#rereadRows([row], check);
      else this.#upsert([row], check);
    } else if (moves) await this.applyMove(oldRow, newRow, check);
    else if (isPartial) await this.#updatePartial([newRow], check);
    else this.#update([newRow], check);
  }

  /** A large value of the key that did not change is sent with the old row alone. */
  #withKey(newRow: TuplePlace, oldRow: TuplePlace): TuplePlace {
    if (!columnSet(newRow.bytes, newRow.at).includes('0')) return newRow;
    return { bytes: composeTuple(newRow, oldRow, this.#binding.keyColumns), at: 0 };
  }

  #keyMoved(change: OrderedChange, bytes: Buffer): boolean {
    return keyDiffers(bytes, change.oldAt, change.at, this.#binding.keyColumns);
  }

  async #updatePartial(tuples: readonly TuplePlace[], check: TargetCheck): Promise<void> {
    for (const group of groupByColumnSet(tuples)) {
      const sent = this.#sentColumns(group[0]!);
      const onCount = this.#expectUpdated(() => group, check);
      if (partialSuffices(this.#plan, sent)) this.#set(this.#partialUpdates(group[0]!, sent), group, onCount);
      else {
        if (onCount) countRows(this.statements, group, onCount);
        await this.#rereadRows(group, check);
      }
    }
  }

  /**
   * Upserts without conflict checks: the reread shows a later state of the source, where the row may be gone or back
   * again.
   */
  async #rereadRows(tuples: readonly TuplePlace[], check: TargetCheck): Promise<void> {
    for await (const rows of this.#reread(this.#binding, tuples)) {
      this.#upsert(
        rows.flatMap(({ tuple, now }) => (now ? [this.#asOfChange(tuple, { bytes: now, at: 0 })] : [])),
        check,
      );
      this.#writeGone(rows.filter(({ now }) => !now).map(({ tuple }) => tuple));
      this.#unsettledBytes += rows.reduce((sum, { now }) => sum + (now?.length ?? 0), 0);
      if (this.#unsettledBytes < REREAD_BYTES) continue;
      // Sent rows stay in memory until the target has them.
      this.#unsettledBytes = 0;
      await this.statements.session.settle();
    }
  }

  /**
   * Where rows depend on one another, a later value may still belong to another row (under a second unique key, say):
   * only values that the change did not send are taken from the reread. Elsewhere the reread row is used whole, as the
   * source has had it in this state.
   */
  #asOfChange(tuple: TuplePlace, now: TuplePlace): TuplePlace {
    return this.#plan.inOrderReasons.length > 0 ? { bytes: composeTuple(tuple, now), at: 0 } : now;
  }

  /**
   * Handles rows that the source has deleted: until the stream reaches the DELETE, they must not occupy unique values
   * that other rows now have.
   */
  #writeGone(tuples: readonly TuplePlace[]): void {
    if (this.#plan.inOrderReasons.length === 0) return;
    if (this.#isFiltered) this.statements.deletes.sendKeys(tuples);
    else
      for (const tuple of tuples) this.#set(this.#partialUpdates(tuple, this.#sentColumns(tuple)), [tuple]);
  }

  /** Sets values of existing rows; when there is nothing to set, only counts the rows. */
  #set(updates: RowStatement | undefined, tuples: readonly TuplePlace[], onCount?: OnCount): void {
    if (updates) updates.sendRows(tuples, onCount);
    else if (onCount) countRows(this.statements, tuples, onCount);
  }

  #partialUpdates({ bytes, at }: TuplePlace, sent: ReadonlySet<string>): RowStatement | undefined {
    return this.statements.partialUpdates(columnSet(bytes, at), sent);
  }

  #sentColumns({ bytes, at }: TuplePlace): ReadonlySet<string> {
    const set = columnSet(bytes, at);
    const names = this.#binding.relation.columns.map((column) => column.name);
    return new Set(names.filter((_, place) => set[place] === '1'));
  }
}

function tuplesOf(
  net: NetChanges,
  bytes: Buffer,
  operation: number,
  from = 0,
  until = net.count,
): TuplePlace[] {
  const tuples: TuplePlace[] = [];
  for (let entry = from; entry < until; entry++)
    if (net.operations[entry] === operation) tuples.push(net.tupleAt(entry, bytes));
  return tuples;
}

function keptOf(net: NetChanges, bytes: Buffer): TuplePlace[] {
  return [INSERT, UPDATE, PARTIAL].flatMap((operation) => tuplesOf(net, bytes, operation));
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
