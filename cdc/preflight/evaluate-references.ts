/**
 * Foreign keys between streamed tables and the service's own. In the replica role, in which the stream writes where it
 * may, PostgreSQL neither checks them nor carries out ON DELETE and ON UPDATE.
 */
import { formatPath } from '@ficus/core';
import type { DatabaseCatalog, InboundKey, TableCatalog } from '../catalog/database-catalog.ts';
import { quoteIdentifier } from '../catalog/quote.ts';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { Finding } from './finding.ts';

const code = 'FICUS_CDC_TARGET_REFERENCES';

export function evaluateReferences(
  plan: TablePlan,
  to: TableCatalog,
  target: DatabaseCatalog,
  mayReplicaRole: boolean,
): Finding[] {
  const path = formatPath([...plan.path, 'to']);
  // Children that are streamed, too, are changed by the stream as the source changes them.
  const own = to.referencedBy.filter(({ table }) => !target.tables.has(table));
  const children = own.flatMap((key): Finding[] => {
    const found = mayReplicaRole ? judgeUnasked(plan, key) : judgeAsked(plan, key);
    return found ? [{ severity: 'warning', path, code, ...found }] : [];
  });
  if (!mayReplicaRole) return children;
  const outside = to.foreignKeys.filter(({ references }) => !target.tables.has(references));
  return [
    ...children,
    ...outside.map(
      (key): Finding => ({
        severity: 'warning',
        path,
        code,
        message: `Foreign key “${key.name}” of “${to.qualifiedName}” is not checked for streamed rows, and “${key.references}”, to which they refer, is not part of the slice: what it lacks is not noticed.`,
      }),
    ),
  ];
}

type Judged = Pick<Finding, 'message' | 'remedySql'> | undefined;

function judgeUnasked(plan: TablePlan, { name, table, onDelete, triggers }: InboundKey): Judged {
  const silent = triggers.filter(({ fires }) => fires === 'origin');
  if (silent.length === 0) return undefined;
  const acts = onDelete === 'cascade' || onDelete === 'set null' || onDelete === 'set default';
  const what = acts
    ? `does not ${onDelete === 'cascade' ? 'delete' : 'change'} them`
    : 'does not keep it from being deleted';
  const message = `Rows of “${table}” refer to “${plan.target.qualifiedName}”, and when the stream deletes such a row, foreign key “${name}” ${what}: they refer to nothing then.`;
  const enable = silent.map((trigger) => `ENABLE ALWAYS TRIGGER ${quoteIdentifier(trigger.name)}`).join(', ');
  // Without an action there is nothing to carry out: the trigger would stop the stream.
  return acts
    ? { message, remedySql: `ALTER TABLE ${plan.target.sql} ${enable}; -- on the target, as a superuser` }
    : { message };
}

function judgeAsked(plan: TablePlan, { name, table, onDelete }: InboundKey): Judged {
  if (onDelete !== 'no action' && onDelete !== 'restrict') return undefined;
  return {
    message: `Foreign key “${name}” of “${table}” keeps the stream from deleting a row of “${plan.target.qualifiedName}” to which one of its rows refers: the stream would stop there.`,
  };
}

/** Columns that may be null on the source and must not be on the target. */
export function evaluateNulls(plan: TablePlan, from: TableCatalog, to: TableCatalog): Finding[] {
  return plan.columns.flatMap(({ name, sameAs }): Finding[] => {
    const source = from.columns.find((column) => column.name === sameAs);
    if (!source || source.notNull || to.columns.find((column) => column.name === name)?.notNull !== true)
      return [];
    return [
      {
        severity: 'warning',
        path: formatPath([...plan.path, 'columns', name]),
        code: 'FICUS_CDC_NULLABLE',
        message: `“${source.name}” of “${from.qualifiedName}” may be null, and “${name}” of “${to.qualifiedName}” must not be: a row without a value stops the stream.`,
        // PostgreSQL lets no null into a primary key, so there is nothing to run for one.
        ...(to.uniqueIndexes.some(({ primary, columns }) => primary && columns.includes(name))
          ? {}
          : {
              remedySql: `ALTER TABLE ${plan.target.sql} ALTER COLUMN ${quoteIdentifier(name)} DROP NOT NULL; -- on the target`,
            }),
      },
    ];
  });
}
