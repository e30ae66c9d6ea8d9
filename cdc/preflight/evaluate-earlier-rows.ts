/** Rows that stand in a target table before its first copy: they stay unless the source has their keys. */
import { formatPath } from '@ficus/core';
import type { TablePlan } from '../mapping/table-plan.ts';
import type { Finding } from './finding.ts';

/** @param counted at most one more than `bound` */
export function evaluateEarlierRows(
  path: TablePlan['path'],
  target: Pick<TablePlan['target'], 'qualifiedName' | 'sql'>,
  counted: number,
  bound: number,
): Finding | undefined {
  if (counted === 0) return undefined;
  const most = Math.min(counted, bound).toLocaleString('en-US');
  const rows = counted > bound ? `more than ${most} rows` : `${most} ${counted === 1 ? 'row' : 'rows'}`;
  return {
    severity: 'warning',
    path: formatPath([...path, 'to']),
    code: 'FICUS_CDC_TARGET_NOT_EMPTY',
    message: `“${target.qualifiedName}” has ${rows} before its first copy: those with a key of the source are overwritten, the others stay, and ficus verify shows them as extra.`,
    remedySql: `TRUNCATE ${target.sql}; -- if they are not needed`,
  };
}
