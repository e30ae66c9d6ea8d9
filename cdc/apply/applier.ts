/**
 * Writes batches to the target: rows, checkpoint and epoch in one transaction, whole source transactions in commit
 * order, as many in one target transaction as the batch holds. A large transaction may span several batches; they share
 * one target transaction, which commits with the last.
 */
import { FicusError } from '@ficus/core';
import type { Batch, Cut } from '../batch/batch.ts';
import type { OrderedChange } from '../batch/ordered-changes.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { reach } from '../failpoints.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { Positions } from '../positions.ts';
import { isWaitedFor } from '../source/read-waits.ts';
import { markStatement, sendBegin } from './begin-apply.ts';
import {
  advanceStatement,
  fencedError,
  leftOutStatement,
  raiseStatement,
  type SessionPlace,
} from './checkpoint.ts';
import { describeConflict } from './conflict-error.ts';
import { findFailingChange } from './find-failing-change.ts';
import { KeylessApplier } from './keyless-applier.ts';
import { describeUse, lockToEmpty } from './lock-to-empty.ts';
import { type Reread, TableApplier } from './table-applier.ts';
import { TargetCheck } from './target-check.ts';
import type { TargetSession } from './target-session.ts';

interface ApplierOptions {
  readonly slice: string;
  readonly place: SessionPlace;
  readonly positions: Positions;
  readonly session: TargetSession;
  readonly rows: SourceRows;
  /** Targets have constraints that can be checked at the end of a transaction. */
  readonly defers: boolean;
  readonly stopping: () => boolean;
}

/** Access to the source, and what is known about the target's rows. */
interface SourceRows {
  read(...row: Parameters<Reread>): ReturnType<Reread>;
  /** Before this source position the target may lack rows that a reread did not find. */
  readonly leftOutUntil: bigint;
  /** The first copy of the plan's table is complete; may change between two batches, never within one. */
  isCopied(plan: TablePlan): boolean;
}

const LOCK_NOT_AVAILABLE = '55P03';

export class Applier {
  readonly check = new TargetCheck();
  /** Target tables (quoted for SQL) that it cannot empty while others use them. */
  waitsFor: readonly string[] = [];
  readonly #options: ApplierOptions;
  readonly #session: TargetSession;
  readonly #tables = new WeakMap<RelationBinding, readonly TableApplier[]>();
  #open = false;
  /** The open transaction already contains an earlier batch. */
  #hadParts = false;
  /** Where the open transaction moves the checkpoint. */
  #endLsn = 0n;
  /** As stored in the checkpoint. */
  #leftOutUntil: bigint;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#leftOutUntil = options.rows.leftOutUntil;
    this.#session = options.session;
  }

  /**
   * Applies the batch; a complete one is committed when this resolves. With `durable`, it and everything before survive
   * a crash of the target; without, a crash may lose the last moments, rows and checkpoint alike.
   */
  async apply(batch: Batch, durable: boolean): Promise<void> {
    this.#hadParts = this.#open;
    this.#begin();
    for (const { binding, net } of batch.net.values()) {
      if (net.hasDoubles) throw doubledKey(binding);
      for (const table of this.#tablesOf(binding)) await table.applyNet(net, batch.bytes, this.check);
    }
    await this.#applyOrdered(batch);
    if (batch.cut) await this.#applyCut(batch.cut, batch.bytes);
    await this.#stopAtConflict();
    if (batch.endLsn > this.#endLsn) this.#endLsn = batch.endLsn;
    if (batch.complete) this.#commit(durable);
    await reach('before-settle');
    await this.#session.settle();
    if (!batch.complete) return;
    this.#committed();
    await reach('after-commit');
  }

  /** No target transaction is open: others may use the session. */
  get isBetweenTransactions(): boolean {
    return !this.#open;
  }

  /** Makes durable what was committed without waiting for the disk. */
  async flush(): Promise<void> {
    this.#session.send('BEGIN');
    this.#session.send('SET LOCAL synchronous_commit = on');
    const mark = markStatement(this.#options.slice);
    this.#session.send(mark.text, mark.values, 'mark');
    this.#session.send('COMMIT');
    await this.#session.settle();
  }

  /**
   * Raises the stream's epoch, durably; between two transactions. What was committed before is durable then, too.
   * @throws an error with code `FENCED` when the stream is someone else's
   */
  async raiseEpoch(epoch: number): Promise<void> {
    const { place } = this.#options;
    if (epoch <= place.epoch) return;
    const { text, values } = raiseStatement(place, epoch);
    let raised = 0;
    this.#session.send('BEGIN; SET LOCAL synchronous_commit = on');
    this.#session.send(text, values, undefined, ({ rowCount }) => {
      raised = rowCount ?? 0;
    });
    this.#session.send('COMMIT');
    await this.#session.settle();
    if (raised !== 1) throw fencedError(place);
    place.epoch = epoch;
  }

  /**
   * Nothing that conflicts with the target is committed. Waiting for the results costs a round trip, so a batch of
   * inserts alone skips it: a row that already exists fails by itself.
   */
  async #stopAtConflict(): Promise<void> {
    const { check } = this;
    if (!check.decisive) return;
    await this.#session.settle();
    check.decisive = false;
    const conflict = await check.firstConflict();
    if (!conflict) return;
    const error = await describeConflict(conflict);
    // As far as PostgreSQL knows nothing failed: without a rollback the rows would stay locked.
    this.#session.send('ROLLBACK');
    await this.#session.settle();
    throw error;
  }

  #begin(): void {
    if (this.#open) return;
    this.#open = true;
    this.#endLsn = this.#options.positions.checkpoint;
    // The source may have checked them at the end, too. In the replica role they are not checked at all.
    const defers = this.#options.defers && !this.#session.replicaRole;
    sendBegin(this.#session, this.#options.slice, this.#options.place.epoch, { defers });
  }

  #commit(durable: boolean): void {
    const { rows, positions, place } = this.#options;
    if (rows.leftOutUntil > this.#leftOutUntil) {
      this.#leftOutUntil = rows.leftOutUntil;
      const leftOut = leftOutStatement(place.stream, rows.leftOutUntil);
      this.#session.send(leftOut.text, leftOut.values);
    }
    const advance = advanceStatement(place, positions.checkpoint, this.#endLsn);
    this.#session.send(advance.text, advance.values, 'advance');
    if (durable) this.#session.send('SET LOCAL synchronous_commit = on');
    this.#session.send('COMMIT');
  }

  #committed(): void {
    const { positions } = this.#options;
    this.#open = false;
    if (this.#endLsn > positions.applied) positions.advance('applied', this.#endLsn);
    positions.advance('checkpoint', this.#endLsn);
  }

  async #applyOrdered(batch: Batch): Promise<void> {
    const { ordered, bytes } = batch;
    for (let from = 0; from < ordered.length; ) {
      const to = endOfRun(ordered, from);
      const binding = batch.orderedBindings.get(ordered[from]!.oid)!;
      const run = ordered.slice(from, to);
      for (const table of this.#tablesOf(binding)) await table.applyOrdered(run, bytes, this.check);
      from = to;
    }
  }

  async #applyCut(cut: Cut, bytes: Buffer): Promise<void> {
    switch (cut.kind) {
      case 'truncate': {
        const tables = cut.bindings.flatMap((binding) => binding.plans.map((plan) => plan.target.sql));
        await this.#truncate([...new Set(tables)], cut.restartIdentity ? ' RESTART IDENTITY' : '');
        return;
      }
      case 'move':
        for (const table of this.#tablesOf(cut.binding))
          await table.applyMove({ bytes, at: cut.oldAt }, { bytes, at: cut.at }, this.check);
        return;
      case 'high-mark':
      case 'whole-copy':
      case 'pause':
        return;
    }
  }

  async #truncate(tables: readonly string[], restart: string): Promise<void> {
    const { client } = this.#session;
    const continues = async () => {
      this.waitsFor = tables;
      // A session that waits for rows which the open transaction has written may be the one that uses the table: of a
      // deadlock, the server would end either.
      return !this.#options.stopping() && !(this.#hadParts && (await isWaitedFor(client)));
    };
    await this.#session.settle();
    try {
      if (!(await lockToEmpty(client, tables, continues)))
        throw Object.assign(new Error(`A TRUNCATE has to wait: ${await describeUse(client, tables)}`), {
          code: LOCK_NOT_AVAILABLE,
        });
    } finally {
      this.waitsFor = [];
    }
    this.#session.send(`TRUNCATE ${tables.join(', ')}${restart}`);
  }

  #tablesOf(binding: RelationBinding): readonly TableApplier[] {
    let tables = this.#tables.get(binding);
    if (!tables) {
      tables = this.#makeTables(binding, this.#session);
      this.#tables.set(binding, tables);
    }
    return tables;
  }

  #makeTables(binding: RelationBinding, session: TargetSession): TableApplier[] {
    const { rows } = this.#options;
    return binding.plans.map(
      (plan) =>
        new (plan.key.kind === 'whole-row' ? KeylessApplier : TableApplier)(
          plan,
          binding,
          session,
          (of, tuples) => rows.read(of, tuples),
          () => rows.isCopied(plan),
        ),
    );
  }

  /**
   * Replaces the error of a failed batch with one that names the change to blame, found on a session of its own and
   * rolled back. Returns the same error when no change can be found.
   */
  async explain(error: unknown, batch: Batch, open: () => Promise<TargetSession>): Promise<unknown> {
    // Earlier batches of the same target transaction were rolled back with it: alone, this batch would fail for other
    // reasons.
    if (this.#hadParts) return error;
    const session = await open();
    const tables = new Map<RelationBinding, TableApplier[]>();
    try {
      sendBegin(session, this.#options.slice, this.#options.place.epoch);
      return await findFailingChange(error, batch, session, (binding) => {
        const made = tables.get(binding) ?? this.#makeTables(binding, session);
        tables.set(binding, made);
        return made;
      });
    } catch {
      return error;
    } finally {
      await session.close();
    }
  }
}

/** At the end of a transaction, or where one of more than the batch's bytes is cut. */
function doubledKey({ relation, plans }: RelationBinding): FicusError {
  const targets = plans.map((plan) => `${plan.target.qualifiedName} (${plan.key.columns.join(', ')})`);
  return new FicusError(
    'FICUS_CDC_APPLY_FAILED',
    `Two rows of ${relation.schema}.${relation.name} have the same key of ${targets.join(', ')}: the source has no unique key for it, or one transaction exchanges keys of more rows than fit into memory.`,
  );
}

function endOfRun(changes: readonly OrderedChange[], from: number): number {
  const first = changes[from]!;
  let to = from + 1;
  while (to < changes.length && changes[to]!.oid === first.oid && changes[to]!.operation === first.operation)
    to++;
  return to;
}
