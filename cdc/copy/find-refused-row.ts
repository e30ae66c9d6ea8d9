/**
 * Finds the row of a piece of the first copy that the target refuses: writes the rows again in a transaction that is
 * rolled back, some at a time and, where those fail, one by one. Names it by table, key and column.
 */
import { FicusError, refusalText, showKey } from '@ficus/core';
import { findRefusedColumn } from '../apply/find-refused-column.ts';
import type { PlanStatements } from '../apply/plan-statements.ts';
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import { decodeTuple } from '../decode/tuple.ts';
import { type CopyTask, isWhole } from './copy-task.ts';

/** Rows tried together. */
const GROUP = 500;

/** Errors about values, constraints, and what triggers raise; others concern no single row. */
const ABOUT_ROWS = /^(22|23|P0|54)/;

interface Refused {
  readonly row: TuplePlace;
  readonly reason: unknown;
}

/**
 * Returns `error` with the row to blame; unchanged when no single row is refused.
 * @param begin sends what begins a transaction of the copy on the statements' session
 */
export async function findRefusedRow(
  error: unknown,
  task: CopyTask,
  statements: PlanStatements,
  binding: RelationBinding,
  rows: () => readonly TuplePlace[],
  begin: () => void,
): Promise<unknown> {
  if (!ABOUT_ROWS.test(String((error as { code?: unknown } | undefined)?.code))) return error;
  const { session } = statements;
  try {
    begin();
    await session.settle();
    const refused = await search(rows(), task, statements);
    if (!refused) return error;
    const column = await findRefusedColumn(
      statements,
      binding,
      refused.row,
      withWhere(refused.reason, error),
    );
    return describe(task, refused, column, error);
  } catch {
    return error;
  } finally {
    session.send('ROLLBACK');
    await session.settle().catch(() => undefined);
  }
}

/** COPY says of the first row that it refused which column it was. */
function withWhere(reason: unknown, error: unknown): unknown {
  const { column } = reason as { column?: string };
  return column === undefined && (error as { code?: string }).code === (reason as { code?: string }).code
    ? error
    : reason;
}

async function search(
  rows: readonly TuplePlace[],
  task: CopyTask,
  statements: PlanStatements,
): Promise<Refused | undefined> {
  for (let from = 0; from < rows.length; from += GROUP) {
    const group = rows.slice(from, from + GROUP);
    if ((await refusal(group, task, statements)) === undefined) continue;
    for (const row of group) {
      const reason = await refusal([row], task, statements);
      if (reason !== undefined) return { row, reason };
    }
  }
  return undefined;
}

async function refusal(
  rows: readonly TuplePlace[],
  task: CopyTask,
  statements: PlanStatements,
): Promise<unknown> {
  const { session } = statements;
  // One at a time: the connection of a whole copy is not pipelined.
  session.send('SAVEPOINT trial');
  await session.settle();
  if (isWhole(task)) statements.inserts.sendRows(rows);
  else statements.upsertRows(rows);
  const reason = await session.settle().then(
    () => undefined,
    (error: unknown) => error,
  );
  session.send(reason === undefined ? 'RELEASE trial' : 'ROLLBACK TO trial');
  await session.settle();
  return reason;
}

function describe(
  task: CopyTask,
  { row, reason }: Refused,
  column: string | undefined,
  cause: unknown,
): FicusError {
  const { source, target } = task.plan;
  const key = describeKey(task, row);
  const at = column === undefined ? '' : `, column “${column}”`;
  const said = refusalText(reason);
  return new FicusError(
    'FICUS_CDC_ROW_REFUSED',
    `The row of ${source.qualifiedName} (${key}) cannot be copied to ${target.qualifiedName}${at}: ${said}.`,
    { cause, details: { table: source.qualifiedName, key, column, reason: said } },
  );
}

function describeKey({ plan, columns }: CopyTask, { bytes, at }: TuplePlace): string {
  const keys = plan.source.keyColumns;
  if (keys.length === 0) return 'a row without a key';
  const values = decodeTuple(bytes, at);
  return showKey(
    keys.map((name) => [name, values[columns.findIndex((column) => column.name === name)] ?? null]),
  );
}
