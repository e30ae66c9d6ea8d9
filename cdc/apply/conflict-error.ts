/** Conflicts as errors that stop the stream: which source row, which target row, and what the conflict means. */
import { FicusError } from '@ficus/core';
import type { TablePlan } from '../mapping/table-plan.ts';
import { describeLeftOut } from './left-out.ts';
import type { Conflict } from './target-check.ts';

const MEANING = {
  'already there': 'is already on the target',
  missing: 'is not on the target',
  'left out': 'is left out there',
} as const;

export interface ConflictEvent {
  readonly operation: 'insert' | 'update' | 'delete';
  /** `schema.table` of the source. */
  readonly table: string;
  /** Key of the source row, `id=5`. */
  readonly key: string;
  /** End of the batch's last source transaction, `X/Y`; 0/0 for a transaction whose end has not been read. */
  readonly upTo: string;
  readonly conflict: Conflict['kind'];
  readonly targetTable: string;
  /** Key of the target row. */
  readonly targetKey: string;
}

/** A change that the target's own triggers or rules leave out. */
export function leftOutError(event: ConflictEvent, plan: TablePlan, cause: unknown): FicusError {
  const { operation, table, key, upTo } = event;
  return new FicusError(
    'FICUS_CDC_LEFT_OUT',
    `The ${operation} of ${table} (${key})${describePosition(upTo)} ${describeLeftOut(plan)}.`,
    { cause, details: { event } },
  );
}

export function conflictError(event: ConflictEvent, cause: unknown): FicusError {
  const { operation, table, key, upTo, conflict, targetTable, targetKey } = event;
  return new FicusError(
    'FICUS_CDC_CONFLICT',
    `The ${operation} of ${table} (${key})${describePosition(upTo)} contradicts the target: ${targetTable} (${targetKey}) ${MEANING[conflict]}.`,
    { cause, details: { event } },
  );
}

/** The position of a change in the stream, as part of a sentence. */
export function describePosition(upTo: string): string {
  return upTo === '0/0' ? '' : `, committed up to ${upTo},`;
}

/** For a conflict whose change was not found: names only the target's rows. */
export async function describeConflict({ kind, plan, keys }: Conflict): Promise<FicusError> {
  const found = await keys().catch(() => []);
  const rows = found.length > 0 ? `(${found.join('), (')})` : 'rows';
  if (kind === 'left out')
    return new FicusError(
      'FICUS_CDC_LEFT_OUT',
      `A change of ${plan.source.qualifiedName}, of ${found.length > 0 ? rows : 'a row'}, ${describeLeftOut(plan)}.`,
      { details: { conflict: kind, targetTable: plan.target.qualifiedName, targetKeys: found } },
    );
  return new FicusError(
    'FICUS_CDC_CONFLICT',
    `The changes of ${plan.source.qualifiedName} contradict the target: ${rows} of ${plan.target.qualifiedName} ${kind === 'missing' ? 'must exist and are missing' : 'must not exist and do'}.`,
    { details: { conflict: kind, targetTable: plan.target.qualifiedName, targetKeys: found } },
  );
}
