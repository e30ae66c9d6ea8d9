/** Unique values that rows of the source may exchange within a transaction, and that the target checks at once. */
import { formatPath } from '@ficus/core';
import type { TableCatalog, UniqueIndex } from '../catalog/database-catalog.ts';
import { quoteIdentifier, quoteQualified } from '../catalog/quote.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { Finding } from './finding.ts';

/** A key is no trouble: the stream applies what a transaction makes of it in the end. */
export function evaluateDeferrable(plan: TablePlan, from: TableCatalog, to: TableCatalog): Finding[] {
  const exchanged = from.uniqueIndexes.filter((index) => !index.immediate).map(namesOf);
  return to.uniqueIndexes
    .filter((index) => index.immediate && !(plan.key.kind === 'columns' && plan.key.indexName === index.name))
    .filter((index) => exchanged.includes(sourceNamesOf(plan, index)))
    .map((index) => ({
      severity: 'warning',
      path: formatPath([...plan.path, 'to']),
      code: 'FICUS_CDC_APPLY_IN_ORDER',
      message: `Rows of “${from.qualifiedName}” may exchange values of (${sourceNamesOf(plan, index)}) within a transaction, and unique index “${index.name}” of “${to.qualifiedName}” is checked at once: such a transaction stops the stream.`,
      remedySql: deferSql(to, index),
    }));
}

function deferSql(table: TableCatalog, { name, columns, ofConstraint }: UniqueIndex): string {
  const alter = `ALTER TABLE ${quoteQualified(table.schema, table.name)}`;
  const index = quoteIdentifier(name);
  const drop = ofConstraint
    ? `${alter} DROP CONSTRAINT ${index};`
    : `DROP INDEX ${quoteQualified(table.schema, name)};`;
  const list = columns.map((column) => quoteIdentifier(column ?? '')).join(', ');
  return `${drop} ${alter} ADD CONSTRAINT ${index} UNIQUE (${list}) DEFERRABLE INITIALLY DEFERRED;`;
}

function namesOf({ columns }: UniqueIndex): string {
  return columns.join(', ');
}

/** The source columns that fill the index; empty when any is computed. */
function sourceNamesOf(plan: TablePlan, { columns }: UniqueIndex): string {
  const names = columns.map((name) => plan.columns.find((column) => column.name === name)?.sameAs);
  return names.includes(undefined) ? '' : names.join(', ');
}
