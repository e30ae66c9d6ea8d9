/**
 * Finds the change that made a batch fail: applies the batch again in a transaction that is rolled back, some changes
 * at a time and, where those fail, one by one. The answer names rows by their keys and shows no other values: those may
 * be personal data, and the key is enough to look the row up.
 */
import { FicusError, formatLsn, refusalText, showKey } from '@ficus/core';
import type { Batch } from '../batch/batch.ts';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import { DELETE, DELETE_OWN, INSERT, type NetChanges, NOTHING } from '../batch/net-changes.ts';
import { DELETE_ROW, INSERT_ROW } from '../batch/ordered-changes.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { decodeTuple } from '../decode/tuple.ts';
import { type ConflictEvent, conflictError, describePosition, leftOutError } from './conflict-error.ts';
import { probeRows } from './probe-rows.ts';
import type { TableApplier } from './table-applier.ts';
import { type Conflict, TargetCheck } from './target-check.ts';
import type { TargetSession } from './target-session.ts';

/** Changes tried together. */
const GROUP = 500;

const UNIQUE_VIOLATION = '23505';

interface SingleChange {
  readonly binding: RelationBinding;
  readonly operation: ConflictEvent['operation'];
  /** The old or new tuple: the one that determines the target key in question. */
  readonly tuple: TuplePlace;
  /** The source had no row under the key of `tuple` before. */
  readonly arrives: boolean;
  apply(table: TableApplier, check: TargetCheck): Promise<void>;
}

type TablesOf = (binding: RelationBinding) => readonly TableApplier[];

/**
 * Returns `error` with the change to blame, or unchanged when no single change fails.
 * @param session in a transaction that has begun; the caller ends it
 */
export async function findFailingChange(
  error: unknown,
  batch: Batch,
  session: TargetSession,
  tablesOf: TablesOf,
): Promise<unknown> {
  const changes = [...listChanges(batch)];
  for (let from = 0; from < changes.length; from += GROUP) {
    const group = changes.slice(from, from + GROUP);
    if (!(await tryChanges(group, session, tablesOf))) continue;
    for (const change of group) {
      const failure = await tryChanges([change], session, tablesOf);
      if (failure) return describe(error, failure, change, formatLsn(batch.endLsn), tablesOf);
    }
  }
  return error;
}

interface Failure {
  readonly reason: unknown;
  readonly conflict: Conflict | undefined;
}

/** Tries the changes; after a failure everything is as before. */
async function tryChanges(
  changes: readonly SingleChange[],
  session: TargetSession,
  tablesOf: TablesOf,
): Promise<Failure | undefined> {
  const check = new TargetCheck();
  session.send('SAVEPOINT trial');
  let reason: unknown;
  let conflict: Conflict | undefined;
  try {
    for (const change of changes)
      for (const table of tablesOf(change.binding)) await change.apply(table, check);
    await session.settle();
    conflict = await check.firstConflict();
    if (!conflict) {
      session.send('RELEASE trial');
      return undefined;
    }
  } catch (thrown) {
    reason = thrown;
    await session.settle().catch(() => undefined);
  }
  session.send('ROLLBACK TO trial');
  await session.settle();
  return { reason, conflict: conflict ?? check.conflicts[0] };
}

async function describe(
  error: unknown,
  { reason, conflict }: Failure,
  change: SingleChange,
  upTo: string,
  tablesOf: TablesOf,
): Promise<FicusError> {
  const { binding, operation, tuple } = change;
  const table = `${binding.relation.schema}.${binding.relation.name}`;
  const event = { operation, table, key: describeKey(binding, tuple), upTo };
  if (conflict) {
    const { kind, plan } = conflict;
    const targetKey = (await conflict.keys())[0] ?? '';
    const found = { ...event, conflict: kind, targetTable: plan.target.qualifiedName, targetKey };
    return kind === 'left out' ? leftOutError(found, plan, error) : conflictError(found, error);
  }
  if (change.arrives && (reason as { code?: unknown }).code === UNIQUE_VIOLATION)
    for (const { statements } of tablesOf(binding)) {
      const [row] = await probeRows(statements, [tuple], 'all');
      if (!row?.found) continue;
      const targetTable = statements.plan.target.qualifiedName;
      const targetKey = row.key;
      return conflictError({ ...event, conflict: 'already there', targetTable, targetKey }, error);
    }
  const said = refusalText(reason);
  return new FicusError(
    'FICUS_CDC_APPLY_FAILED',
    `The ${operation} of ${table} (${event.key})${describePosition(upTo)} cannot be applied: ${said}.`,
    { cause: error, details: { event: { ...event, reason: said } } },
  );
}

/** In the order in which the applier sends them: deletions, then additions. */
function* listChanges(batch: Batch): Generator<SingleChange> {
  for (const { binding, net } of batch.net.values()) {
    yield* listEntries(binding, net, batch.bytes, true);
    yield* listEntries(binding, net, batch.bytes, false);
  }
  for (const change of batch.ordered) {
    const binding = batch.orderedBindings.get(change.oid)!;
    const tuple = { bytes: batch.bytes, at: change.at >= 0 ? change.at : change.oldAt };
    const isInsert = change.operation === INSERT_ROW;
    yield {
      binding,
      operation: isInsert ? 'insert' : change.operation === DELETE_ROW ? 'delete' : 'update',
      tuple,
      arrives:
        isInsert ||
        (change.at >= 0 &&
          change.oldAt >= 0 &&
          describeKey(binding, { bytes: batch.bytes, at: change.oldAt }) !== describeKey(binding, tuple)),
      apply: (table, check) => table.applyOrdered([change], batch.bytes, check),
    };
  }
  const { cut } = batch;
  if (cut?.kind !== 'move') return;
  const [from, to] = [cut.oldAt, cut.at].map((at) => ({ bytes: batch.bytes, at }));
  yield {
    binding: cut.binding,
    operation: 'update',
    tuple: to!,
    arrives: true,
    apply: (table, check) => table.applyMove(from!, to!, check),
  };
}

function* listEntries(
  binding: RelationBinding,
  net: NetChanges,
  bytes: Buffer,
  goes: boolean,
): Generator<SingleChange> {
  for (let entry = 0; entry < net.count; entry++) {
    const operation = net.operations[entry];
    const isDelete = operation === DELETE || operation === DELETE_OWN;
    if (isDelete !== goes || operation === NOTHING) continue;
    yield {
      binding,
      // Rows inserted and deleted within the batch can collide with the inserted ones.
      operation: operation === DELETE ? 'delete' : operation === INSERT || isDelete ? 'insert' : 'update',
      tuple: net.tupleAt(entry, bytes),
      arrives: operation === INSERT,
      apply: (table, check) => table.applyEntry(net, entry, bytes, check),
    };
  }
}

function describeKey(binding: RelationBinding, { bytes, at }: TuplePlace): string {
  // Without a key this would print all of the row's values.
  if (binding.plans.some((plan) => plan.key.kind === 'whole-row')) return 'a row without a key';
  const values = decodeTuple(bytes, at);
  return showKey(
    binding.keyColumns.map((place) => [binding.relation.columns[place]?.name, values[place] ?? null]),
  );
}
