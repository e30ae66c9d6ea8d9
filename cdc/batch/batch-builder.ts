/**
 * Reads the change stream into batches. Skips transactions that the target already has (a slot may go back after a
 * crash) and those that our own reverse stream wrote; records everything else, whole transactions in commit order.
 * Stops where a batch must end: at a TRUNCATE, an altered table, a watermark of the first copy.
 */
import {
  type Answer,
  type ChangeVisitor,
  CONTINUE,
  type Relation,
  STOP_AFTER,
  STOP_BEFORE,
} from '../decode/change-visitor.ts';
import { hasUnchanged, keyDiffers, tupleKey } from '../decode/tuple.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { Positions } from '../positions.ts';
import { APPLY_PREFIX, COPY_PREFIX, HEARTBEAT_PREFIX, parseMark } from '../source/marks.ts';
import { Batch, type Cut } from './batch.ts';
import type { Admission, ChangeGate } from './change-gate.ts';
import type { ChangeLedger } from './change-ledger.ts';
import type { ChangeWatch } from './change-watch.ts';
import { composeTuple, type TuplePlace } from './compose-tuple.ts';
import { LooseNetChanges } from './loose-net-changes.ts';
import { NetChanges } from './net-changes.ts';
import { DELETE_ROW, INSERT_ROW, type OrderedChange, UPDATE_ROW } from './ordered-changes.ts';
import { bindRelation, type RelationBinding, refuseRenamed, sameColumns } from './relation-binding.ts';

interface BatchBuilderOptions {
  readonly slice: string;
  /** Name of this stream, as in its own marks. */
  readonly stream: string;
  readonly plans: readonly TablePlan[];
  readonly positions: Positions;
  readonly watch: ChangeWatch;
  /** Undefined: every change enters. */
  readonly gate?: ChangeGate | undefined;
  /** Where changed rows are recorded, if they are. */
  readonly ledger?: () => ChangeLedger | undefined;
  /** Applying is paused before the transaction with this commit position. */
  readonly isPaused?: (commitLsn: bigint) => boolean;
  /** Checks an altered table, in the transaction with this commit position; throws to stop the stream. */
  readonly checkRelation?: (relation: Relation, commitLsn: bigint) => void;
}

export class BatchBuilder implements ChangeVisitor {
  batch: Batch;
  readonly #options: BatchBuilderOptions;
  readonly #bindings = new Map<number, RelationBinding>();
  #inTransaction = false;
  #skipping = false;
  /** Commit position of the current transaction. */
  #commitLsn = 0n;
  /** Changes of the current transaction: a mark of ours counts only as its first statement. */
  #inThisTransaction = 0;
  #closing: Cut | undefined;

  constructor(options: BatchBuilderOptions, bytes: Buffer) {
    this.#options = options;
    this.batch = new Batch(bytes);
  }

  /** Hands the batch over and begins a new one on `bytes`. */
  take(bytes: Buffer): Batch {
    const done = this.batch;
    done.complete = !this.#inTransaction;
    this.batch = new Batch(bytes);
    return done;
  }

  begin(commitLsn: bigint, _committedAtMs: number, xid: number): Answer {
    if (commitLsn >= this.#options.positions.received && this.#options.isPaused?.(commitLsn)) {
      this.batch.cut = { kind: 'pause', commitLsn };
      return STOP_BEFORE;
    }
    this.#inTransaction = true;
    this.#commitLsn = commitLsn;
    this.#inThisTransaction = 0;
    // A transaction's end lies after its commit, and no other commit lies between.
    this.#skipping = commitLsn < this.#options.positions.received;
    this.#options.watch.sawTransaction(xid);
    return CONTINUE;
  }

  commit(endLsn: bigint, committedAtMs: number): Answer {
    this.#inTransaction = false;
    const { positions } = this.#options;
    if (endLsn > positions.received) {
      positions.advance('received', endLsn);
      if (this.batch.transactions === 0) this.batch.firstLsn = this.#commitLsn;
      this.batch.endLsn = endLsn;
      this.batch.committedAtMs = committedAtMs;
      this.batch.transactions++;
    }
    if (!this.#closing) return CONTINUE;
    this.batch.cut = this.#closing;
    this.#closing = undefined;
    return STOP_AFTER;
  }

  relation(relation: Relation): Answer {
    refuseRenamed(relation, this.#options.plans);
    const known = this.#bindings.get(relation.oid);
    if (known && sameColumns(known.relation, relation)) return CONTINUE;
    if (known && this.#hasChangesOf(relation.oid)) return STOP_BEFORE;
    if (this.#options.plans.some((plan) => isSource(plan, relation)))
      this.#options.checkRelation?.(relation, this.#commitLsn);
    this.#bindings.set(relation.oid, bindRelation(relation, this.#options.plans));
    return CONTINUE;
  }

  insert(oid: number, at: number): Answer {
    const binding = this.#interesting(oid);
    if (!binding) return CONTINUE;
    if (this.#mustWait(binding)) return this.#waitForCopy(binding);
    if (binding.inOrder) this.#keepInOrder(binding, { operation: INSERT_ROW, oid, oldAt: -1, at });
    else this.#netOf(binding).insert(this.batch.bytes, at);
    this.#watched(binding, this.#placed(at), 'whole');
    this.#options.ledger?.()?.record(binding, this.batch.bytes, at);
    return CONTINUE;
  }

  update(oid: number, oldAt: number, at: number): Answer {
    const binding = this.#interesting(oid);
    if (!binding) return CONTINUE;
    if (this.#mustWait(binding)) return this.#waitForCopy(binding);
    const { bytes } = this.batch;
    const moved = oldAt >= 0 && (!binding.identityFull || keyDiffers(bytes, oldAt, at, binding.keyColumns));
    const ledger = this.#options.ledger?.();
    const keyed =
      oldAt < 0 ? this.#placed(at) : moved ? this.#withKey(binding, oldAt, at) : this.#placed(oldAt);
    ledger?.record(binding, keyed.bytes, keyed.at);
    if (moved) ledger?.record(binding, bytes, oldAt);
    if (binding.inOrder) this.#keepInOrder(binding, { operation: UPDATE_ROW, oid, oldAt, at });
    else if (!moved) this.#netOf(binding).update(bytes, binding.identityFull ? oldAt : -1, at);
    else if (!this.#netOf(binding).move(bytes, oldAt, at, binding.identityFull)) {
      if (this.batch.changes > 1) {
        this.#uncount();
        return STOP_BEFORE;
      }
      this.batch.cut = { kind: 'move', binding, oldAt, at };
    }
    if (moved) this.#watched(binding, this.#placed(oldAt), 'gone');
    this.#watched(binding, keyed, moved ? 'whole' : 'updated', at);
    return this.batch.cut ? STOP_AFTER : CONTINUE;
  }

  delete(oid: number, oldAt: number): Answer {
    const binding = this.#interesting(oid);
    if (!binding) return CONTINUE;
    if (this.#mustWait(binding)) return this.#waitForCopy(binding);
    if (binding.inOrder) this.#keepInOrder(binding, { operation: DELETE_ROW, oid, oldAt, at: -1 });
    else this.#netOf(binding).delete(this.batch.bytes, oldAt);
    this.#watched(binding, this.#placed(oldAt), 'gone');
    this.#options.ledger?.()?.record(binding, this.batch.bytes, oldAt);
    return CONTINUE;
  }

  truncate(oids: readonly number[], _cascade: boolean, restartIdentity: boolean): Answer {
    if (this.#skipping) return CONTINUE;
    const bindings = oids
      .map((oid) => this.#bindings.get(oid))
      .filter((binding) => binding !== undefined)
      .filter((binding) => binding.plans.length > 0 && this.#admissionOf(binding) !== 'skip');
    if (bindings.length === 0) return CONTINUE;
    const waiting = bindings.find((binding) => this.#admissionOf(binding) === 'wait');
    if (waiting) {
      this.batch.cut = { kind: 'whole-copy', table: tableOf(waiting) };
      return STOP_BEFORE;
    }
    if (this.batch.changes > 0) return STOP_BEFORE;
    this.#inThisTransaction++;
    this.batch.changes++;
    for (const binding of bindings) {
      this.#options.watch.invalidate(tableOf(binding));
      this.#options.ledger?.()?.recordAll(tableOf(binding));
    }
    this.batch.cut = { kind: 'truncate', bindings, restartIdentity };
    return STOP_AFTER;
  }

  message(prefix: string, content: string, transactional: boolean): Answer {
    if (this.#skipping) return CONTINUE;
    if (prefix === APPLY_PREFIX) {
      if (transactional && this.#inThisTransaction === 0 && content === this.#options.slice)
        this.#skipping = true;
      return CONTINUE;
    }
    if (prefix !== HEARTBEAT_PREFIX && prefix !== COPY_PREFIX) return CONTINUE;
    const mark = parseMark(content);
    if (mark?.stream !== this.#options.stream) return CONTINUE;
    if (mark.kind === 'heartbeat')
      this.batch.heartbeat = { emitter: mark.emitter, emittedAtMs: mark.emittedAtMs };
    else if (mark.kind === 'low') this.#options.watch.open(mark.chunk);
    else {
      this.#options.watch.shut(mark.chunk);
      this.#closing = { kind: 'high-mark', chunk: mark.chunk, snapshot: mark.snapshot };
    }
    return CONTINUE;
  }

  #interesting(oid: number): RelationBinding | undefined {
    if (this.#skipping) return undefined;
    const binding = this.#bindings.get(oid);
    if (!binding) throw new Error(`a change of table ${oid} came before its description`);
    if (binding.plans.length === 0 || this.#admissionOf(binding) === 'skip') return undefined;
    this.#inThisTransaction++;
    this.batch.changes++;
    return binding;
  }

  #admissionOf(binding: RelationBinding): Admission {
    const { gate } = this.#options;
    return gate ? gate.admit(tableOf(binding), this.#commitLsn) : 'apply';
  }

  #mustWait(binding: RelationBinding): boolean {
    return this.#options.gate !== undefined && this.#admissionOf(binding) === 'wait';
  }

  #waitForCopy(binding: RelationBinding): Answer {
    this.#uncount();
    this.batch.cut = { kind: 'whole-copy', table: tableOf(binding) };
    return STOP_BEFORE;
  }

  #uncount(): void {
    this.#inThisTransaction--;
    this.batch.changes--;
  }

  #netOf(binding: RelationBinding): NetChanges {
    const { oid } = binding.relation;
    let changes = this.batch.net.get(oid);
    if (!changes) {
      const Net = binding.keysMayMeet ? LooseNetChanges : NetChanges;
      changes = { binding, net: new Net(binding.keyColumns) };
      this.batch.net.set(oid, changes);
    }
    return changes.net;
  }

  #keepInOrder(binding: RelationBinding, change: OrderedChange): void {
    this.batch.ordered.push(change);
    this.batch.orderedBindings.set(change.oid, binding);
  }

  #hasChangesOf(oid: number): boolean {
    return this.batch.net.has(oid) || this.batch.orderedBindings.has(oid);
  }

  #watched(
    binding: RelationBinding,
    keyed: TuplePlace,
    what: 'whole' | 'updated' | 'gone',
    at: number = keyed.at,
  ): void {
    if (!this.#options.watch.isOpen(tableOf(binding))) return;
    const key = tupleKey(keyed.bytes, keyed.at, binding.keyColumns);
    this.#options.watch.touched(tableOf(binding), key, what, this.batch.bytes, at, binding);
  }

  #placed(at: number): TuplePlace {
    return { bytes: this.batch.bytes, at };
  }

  /** A large value of the key that did not change is sent with the old row alone. */
  #withKey({ keyColumns }: RelationBinding, oldAt: number, at: number): TuplePlace {
    const sent = this.#placed(at);
    if (!hasUnchanged(sent.bytes, at)) return sent;
    return { bytes: composeTuple(sent, this.#placed(oldAt), keyColumns), at: 0 };
  }
}

function tableOf(binding: RelationBinding): string {
  return `${binding.relation.schema}.${binding.relation.name}`;
}

function isSource(plan: TablePlan, relation: Relation): boolean {
  return plan.source.schema === relation.schema && plan.source.name === relation.name;
}
