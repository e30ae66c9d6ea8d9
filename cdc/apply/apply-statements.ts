/**
 * SQL that applies changes to a target table, many rows per statement. The text depends only on plan and column set, so
 * that it is prepared once per connection.
 */
import { quoteIdentifier } from '../catalog/quote.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import { inputRows } from './input-sql.ts';
import {
  type ApplyStatement,
  keyColumns,
  keyInputs,
  mappedRows,
  mappedValue,
  named,
  oldRowInputs,
  oldRows,
  orderByKey,
  sameKey,
  settable,
} from './statement-parts.ts';

/** Inserts new rows: a key that the target already has fails the statement. */
export function insertStatement(plan: TablePlan): ApplyStatement {
  return named({
    text: `${insertInto(plan)} FROM ${inputRows(plan.input)}${whereRows(plan)}${orderByKey(plan)}`,
    inputs: plan.input,
  });
}

/** Upserts rows that the target may or may not have. */
export function upsertStatement(plan: TablePlan): ApplyStatement {
  return named({
    text: `${insertInto(plan)} FROM ${inputRows(plan.input)}${whereRows(plan)}${orderByKey(plan)}${onConflict(plan)}`,
    inputs: plan.input,
  });
}

/** Counts the rows that an insert or upsert of the same input writes. */
export function wantedStatement(plan: TablePlan): ApplyStatement {
  return named({
    text: `SELECT count(*) AS wanted FROM ${inputRows(plan.input)}${whereRows(plan)}`,
    inputs: plan.input,
  });
}

/** `INSERT INTO … SELECT <expressions>`; a FROM clause with the alias `s` must follow. */
function insertInto(plan: TablePlan): string {
  const values = plan.columns.map((column) => column.expression);
  const overriding = plan.overridingSystemValue ? ' OVERRIDING SYSTEM VALUE' : '';
  return `INSERT INTO ${plan.target.sql} AS t (${insertColumns(plan)})${overriding} SELECT ${values.join(', ')}`;
}

/** The target columns that the mapping fills, as a list for INSERT and COPY. */
export function insertColumns(plan: TablePlan): string {
  return plan.columns.map((column) => quoteIdentifier(column.name)).join(', ');
}

function whereRows(plan: TablePlan): string {
  return plan.rows ? ` WHERE ${plan.rows.condition}` : '';
}

function onConflict(plan: TablePlan): string {
  const keys = plan.key.columns.map(quoteIdentifier).join(', ');
  const assignments = settable(plan).map((column) => {
    const name = quoteIdentifier(column.name);
    return `${name} = EXCLUDED.${name}`;
  });
  return assignments.length === 0
    ? ` ON CONFLICT (${keys}) DO NOTHING`
    : ` ON CONFLICT (${keys}) DO UPDATE SET ${assignments.join(', ')}`;
}

/**
 * Removes rows that the mapping no longer wants on the target. Only for plans whose `rows` condition cannot be decided
 * from the old row: there no two rows share a key.
 */
export function unwantedStatement(plan: TablePlan): ApplyStatement {
  return named({
    text: `DELETE FROM ${plan.target.sql} AS t USING ${mappedRows(plan, keyColumns(plan), plan.input, { condition: `${plan.rows?.condition} IS NOT TRUE` })} WHERE ${sameKey(plan)}`,
    inputs: plan.input,
  });
}

export function deleteStatement(plan: TablePlan): ApplyStatement {
  if (plan.key.kind === 'whole-row') return deleteOneStatement(plan);
  return named({
    text: `DELETE FROM ${plan.target.sql} AS t USING ${oldRows(plan)} WHERE ${sameKey(plan)}`,
    inputs: oldRowInputs(plan),
  });
}

/**
 * Called with one row at a time: of several equal rows one is deleted. Rows that the condition left out delete none.
 */
function deleteOneStatement(plan: TablePlan): ApplyStatement {
  const condition = plan.rows?.condition;
  const rows = mappedRows(plan, keyColumns(plan), plan.input, condition === undefined ? {} : { condition });
  const one = `SELECT t.tableoid, t.ctid FROM ${plan.target.sql} AS t, ${rows} WHERE ${sameKey(plan)} LIMIT 1`;
  return named({
    text: `DELETE FROM ${plan.target.sql} AS t USING (${one}) AS one WHERE t.ctid = one.ctid AND t.tableoid = one.tableoid`,
    inputs: plan.input,
  });
}

/**
 * Updates existing rows to the given values. With `sent`, the names of source columns that have values, sets only what
 * depends on those alone. Undefined when the target row has nothing besides its key that could be set.
 */
export function updateStatement(plan: TablePlan, sent?: ReadonlySet<string>): ApplyStatement | undefined {
  const columns = settable(plan).filter(
    ({ inputs }) => !sent || (inputs.length > 0 && inputs.every((input) => sent.has(input))),
  );
  if (columns.length === 0) return undefined;
  const needed = new Set([...keyColumns(plan), ...columns].flatMap((column) => column.inputs));
  const inputs = plan.input.filter((column) => needed.has(column.name));
  const assignments = columns.map(
    (column) => `${quoteIdentifier(column.name)} = ${mappedValue(plan, column)}`,
  );
  const rows = mappedRows(plan, [...keyColumns(plan), ...columns], inputs, { inKeyOrder: true });
  return named({
    text: `UPDATE ${plan.target.sql} AS t SET ${assignments.join(', ')} FROM ${rows} WHERE ${sameKey(plan)}`,
    inputs,
  });
}

/** Whether a partial row is enough: no target column and no row condition mixes sent with unsent values. */
export function partialSuffices(plan: TablePlan, sent: ReadonlySet<string>): boolean {
  if (plan.module || plan.rows) return false;
  return plan.columns.every(
    (column) =>
      column.inputs.every((input) => sent.has(input)) || !column.inputs.some((input) => sent.has(input)),
  );
}

/**
 * Moves one row to another key: old key (or old row) in the first parameters, the known values of the new in the rest.
 * A key that the target generates (GENERATED ALWAYS) can only be inserted: such a row is deleted and inserted again.
 */
export function moveStatement(plan: TablePlan, sent: ReadonlySet<string>): ApplyStatement & { old: number } {
  const old = keyInputs(plan);
  const keyIsFixed = keyColumns(plan).some((column) => !column.updatable);
  const columns = plan.columns.filter(
    (column) => (column.updatable || keyIsFixed) && column.inputs.every((input) => sent.has(input)),
  );
  const needed = new Set(columns.flatMap((column) => column.inputs));
  const inputs = plan.input.filter((column) => needed.has(column.name));
  const values = columns.map((column, place) => `${column.expression} AS v${place}`);
  const assignments = columns.map((column, place) => `${quoteIdentifier(column.name)} = n.v${place}`);
  const moved = `(SELECT ${values.join(', ')} FROM ${inputRows(inputs, old.length + 1)}) AS n`;
  if (keyIsFixed) {
    const kept = plan.columns.map((column) => {
      const place = columns.indexOf(column);
      return place < 0 ? `o.${quoteIdentifier(column.name)}` : `n.v${place}`;
    });
    return named({
      text: `WITH o AS (DELETE FROM ${plan.target.sql} AS t USING ${mappedRows(plan, keyColumns(plan), old)} WHERE ${sameKey(plan)} RETURNING t.*)
        INSERT INTO ${plan.target.sql} (${insertColumns(plan)}) OVERRIDING SYSTEM VALUE SELECT ${kept.join(', ')} FROM o, ${moved}`,
      inputs: [...old, ...inputs],
      old: old.length,
    });
  }
  // Every partition has its own row at a given ctid.
  const found = `(SELECT t.tableoid, t.ctid FROM ${plan.target.sql} AS t, ${mappedRows(plan, keyColumns(plan), old)} WHERE ${sameKey(plan)} LIMIT 1)`;
  return named({
    text: `UPDATE ${plan.target.sql} AS t SET ${assignments.join(', ')} FROM ${moved} WHERE (t.tableoid, t.ctid) = ${found}`,
    inputs: [...old, ...inputs],
    old: old.length,
  });
}

/**
 * The target keys of source rows as text, and whether the target has them. `there` and `missing` return only a few.
 * Also compares as text: to the stream, two spellings of an equal number (1.0 and 1.00) are two rows, and the existence
 * of one says nothing about the other.
 */
export function probeStatement(
  plan: TablePlan,
  which: 'all' | 'all there' | 'there' | 'missing',
): ApplyStatement {
  const keys = keyColumns(plan);
  const spelled = keys.map(
    (column) =>
      `CAST(t.${quoteIdentifier(column.name)} AS text) = CAST(${mappedValue(plan, column)} AS text)`,
  );
  const same = which.endsWith('there') ? [sameKey(plan), ...spelled].join(' AND ') : sameKey(plan);
  const found = `EXISTS (SELECT FROM ${plan.target.sql} AS t WHERE ${same})`;
  const where = {
    all: '',
    'all there': ` WHERE ${found}`,
    there: ` WHERE ${found} LIMIT 3`,
    missing: ` WHERE NOT ${found} LIMIT 3`,
  }[which];
  const values = keys.map((column) => `CAST(${mappedValue(plan, column)} AS text)`);
  return named({
    text: `SELECT ARRAY[${values.join(', ')}] AS key, ${found} AS found FROM ${oldRows(plan)}${where}`,
    inputs: oldRowInputs(plan),
  });
}
