/** Whether every value of one type is a value of another: where it is not, a person has to know the values. Pure. */
import type { ColumnCatalog } from '../catalog/database-catalog.ts';

type Typed = Pick<ColumnCatalog, 'baseType' | 'baseTypeWithModifier' | 'enumLabels'>;

/** Each holds all values of those before it. */
const WIDER = [
  ['smallint', 'integer', 'bigint', 'numeric'],
  ['real', 'double precision'],
  ['character', 'character varying', 'text'],
  ['date', 'timestamp without time zone'],
  ['json', 'jsonb'],
];

export function everyValueFits(from: Typed, to: Typed): boolean {
  if (from.baseTypeWithModifier === to.baseTypeWithModifier) return true;
  if (to.baseType === 'text') return true;
  if (from.enumLabels && to.enumLabels)
    return from.enumLabels.every((label) => to.enumLabels?.includes(label));
  const isUnbounded = to.baseType === to.baseTypeWithModifier;
  if (from.baseType === to.baseType) return isUnbounded;
  const wider = WIDER.find((types) => types.includes(from.baseType) && types.includes(to.baseType));
  return wider !== undefined && isUnbounded && wider.indexOf(from.baseType) < wider.indexOf(to.baseType);
}
