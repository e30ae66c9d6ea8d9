/**
 * How each transaction begins that Ficus writes on a target. What it writes must neither be streamed back nor be held by
 * a fence: the stream of the other direction leaves out a transaction whose first statement is the mark, and a fence lets
 * pass what is marked with its own epoch. Of the pipelined and the plain sessions, of the stream, the first copy, and of
 * what empties tables.
 */
import type pg from 'pg';
import { APPLY_PREFIX } from '../source/marks.ts';
import type { Statement } from './checkpoint.ts';
import type { TargetSession } from './target-session.ts';

/** One round trip with BEGIN; the setting ends with the transaction, so that no pooled session keeps it. */
function beginSql(epoch: number): string {
  return `BEGIN; SET LOCAL ficus_fence.mark = '${epoch}'`;
}

/** Must come before any row. */
export function markStatement(slice: string): Statement {
  return { text: 'SELECT pg_logical_emit_message(true, $1, $2)', values: [APPLY_PREFIX, slice] };
}

/** @param defers whether constraints that can wait are checked at the end */
export function sendBegin(
  session: TargetSession,
  slice: string,
  epoch: number,
  { defers = false }: { readonly defers?: boolean } = {},
): void {
  session.send(defers ? `${beginSql(epoch)}; SET CONSTRAINTS ALL DEFERRED` : beginSql(epoch));
  const mark = markStatement(slice);
  session.send(mark.text, mark.values, 'mark');
}

export async function beginApply(client: pg.ClientBase, slice: string, epoch: number): Promise<void> {
  await client.query(beginSql(epoch));
  const { text, values } = markStatement(slice);
  await client.query(text, [...values]);
}
