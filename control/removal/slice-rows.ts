/** What the control database keeps of a slice, and how it is removed. The audit stays: it is history, and holds no data. */
import { CONTROL_SCHEMA } from '@ficus/core';

/** Table → its column with the slice's name. */
export const SLICE_ROWS: Readonly<Record<string, string>> = { flag: 'slice', slice: 'name', stream: 'slice' };

export function forgetSliceSql(slice: string, actor: string, reason: string): string {
  const deletes = Object.entries(SLICE_ROWS).map(
    ([table, column]) => `DELETE FROM ${CONTROL_SCHEMA}.${table} WHERE ${column} = ${literal(slice)};`,
  );
  return ['BEGIN;', ...deletes, auditSql('remove', slice, actor, reason), 'COMMIT;'].join('\n');
}

export function forgetSlotSql(slot: string): string {
  return `DELETE FROM ${CONTROL_SCHEMA}.stream WHERE slot = ${literal(slot)};`;
}

export const DROP_CONTROL_SCHEMA = `DROP SCHEMA IF EXISTS ${CONTROL_SCHEMA} CASCADE;`;

function auditSql(action: string, slice: string, actor: string, reason: string): string {
  const values = [actor, action, slice, reason].map(literal).join(', ');
  return `INSERT INTO ${CONTROL_SCHEMA}.audit (actor, action, slice, reason) VALUES (${values});`;
}

function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
