/**
 * Why a table's changes must be applied one by one, in the order of the source. Set-wise apply keeps only the last
 * value of each key; that is correct unless rows of a batch depend on one another through something other than the key.
 */
import type { TableCatalog } from '../catalog/database-catalog.ts';
import type { KeyPlan } from './table-plan.ts';

export function findInOrderReasons(target: TableCatalog, key: KeyPlan): string[] {
  const keyIndex = key.kind === 'columns' ? key.indexName : undefined;
  return [
    ...(key.kind === 'whole-row' ? ['rows have no key of their own'] : []),
    ...target.uniqueIndexes
      .filter((index) => index.name === keyIndex && index.equatesTexts)
      .map((index) => `key “${index.name}” has a nondeterministic collation: different texts may be one key`),
    ...target.uniqueIndexes
      .filter((index) => index.name !== keyIndex)
      .map((index) => `unique index “${index.name}” beside the key: two rows may exchange its values`),
    ...target.exclusionConstraints.map((name) => `exclusion constraint “${name}”`),
    ...target.foreignKeys
      .filter((foreignKey) => foreignKey.selfReference)
      .map((foreignKey) => `foreign key “${foreignKey.name}” points to the table itself`),
    ...target.triggers
      .filter((trigger) => trigger.fires === 'always' || trigger.fires === 'replica')
      .map((trigger) => `trigger “${trigger.name}” fires for replicated rows`),
  ];
}
