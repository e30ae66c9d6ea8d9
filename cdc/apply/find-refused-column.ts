/** Which column of a row the target refuses, when its error does not say so. Shows no value. */
import type { TuplePlace } from '../batch/compose-tuple.ts';
import type { RelationBinding } from '../batch/relation-binding.ts';
import type { TargetColumn } from '../mapping/table-plan.ts';
import { inputRows } from './input-sql.ts';
import type { PlanStatements } from './plan-statements.ts';
import { RowParameters } from './row-parameters.ts';

interface PostgresError {
  readonly column?: string;
  /** `COPY t, line 7, column v: …` */
  readonly where?: string;
}

/**
 * Undefined when no column alone is to blame: a check or an exclusion, say. Needs an open transaction, and leaves it as
 * it was.
 */
export async function findRefusedColumn(
  { plan, session }: PlanStatements,
  binding: RelationBinding,
  row: TuplePlace,
  error: unknown,
): Promise<string | undefined> {
  const { column, where } = error as PostgresError;
  const named = column ?? /^COPY .*, line \d+, column ([^:\n]+)/.exec(where ?? '')?.[1];
  if (named !== undefined || plan.module) return named;
  const parameters = new RowParameters(plan.input, binding.columnPlaces);
  parameters.appendTuple(row.bytes, row.at);
  for (const candidate of plan.columns) {
    let fits = true;
    session.send('SAVEPOINT probe');
    await session.settle();
    session.send(fitsSql(candidate, inputRows(plan.input)), parameters.finish(), undefined, ({ rows }) => {
      fits = rows[0]?.fits !== false;
    });
    const refused = await session.settle().then(
      () => !fits,
      () => true,
    );
    session.send('ROLLBACK TO probe');
    await session.settle();
    if (refused) return candidate.name;
  }
  return undefined;
}

/** A cast shortens a text that an assignment refuses. */
function fitsSql({ expression, type }: TargetColumn, rows: string): string {
  const [, most, brackets] = /^character(?: varying)?\((\d+)\)(\[\])?$/.exec(type) ?? [];
  const texts = brackets ? `unnest(CAST(${expression} AS text[]))` : `CAST(${expression} AS text)`;
  const fits =
    most === undefined
      ? 'true'
      : `NOT EXISTS (SELECT FROM (SELECT ${texts}) AS s(one) WHERE char_length(rtrim(one)) > ${most})`;
  return `SELECT CAST(${expression} AS ${type}) IS NULL AS "is", ${fits} AS fits FROM ${rows}`;
}
