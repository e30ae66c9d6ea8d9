/** What the control database keeps of a slice, and how it is removed. The audit stays: it is history, and holds no data. */
import { CONTROL_SCHEMA } from '@ficus/core';

/** Table → its column with the slice's name. */
export const SLICE_ROWS: Readonly<Record<string, string>> = {
  flag: 'slice',
  slice: 'name',
  stream: 'slice',
  reverse_stream: 'slice',
  parity_evidence: 'slice',
  verify_run: 'slice',
  attempt: 'slice',
  writer_inventory: 'slice',
};

/** @param tables those that the control database has: one of an older version has fewer */
export function forgetSliceSql(
  slice: string,
  tables: ReadonlySet<string>,
  actor: string,
  reason: string,
): string {
  const rows = Object.entries(SLICE_ROWS).filter(([table]) => tables.has(table));
  const deletes = rows.map(
    ([table, column]) => `DELETE FROM ${CONTROL_SCHEMA}.${table} WHERE ${column} = ${literal(slice)};`,
  );
  return ['BEGIN;', ...deletes, auditSql('remove', slice, actor, reason), 'COMMIT;'].join('\n');
}

export function forgetSlotSql(slot: string): string {
  return `DELETE FROM ${CONTROL_SCHEMA}.stream WHERE slot = ${literal(slot)};`;
}

/** Every table and sequence that a control plane of any version has made; a sequence of a table goes with it. */
export const CONTROL_TABLES = [
  'attempt',
  'audit',
  'flag',
  'journal',
  'migration',
  'parity_evidence',
  'reverse_stream',
  'slice',
  'stream',
  'verify_run',
  'writer_inventory',
] as const;
export const CONTROL_SEQUENCES = ['flag_version'] as const;

const qualified = (names: readonly string[]): string =>
  names.map((name) => `${CONTROL_SCHEMA}.${name}`).join(', ');

/** All or nothing, and never with CASCADE: that would drop what others have made of it or put beside it. */
export const DROP_CONTROL_SCHEMA = `BEGIN;
DROP TABLE IF EXISTS ${qualified(CONTROL_TABLES)};
DROP SEQUENCE IF EXISTS ${qualified(CONTROL_SEQUENCES)};
DROP SCHEMA IF EXISTS ${CONTROL_SCHEMA};
COMMIT;`;

function auditSql(action: string, slice: string, actor: string, reason: string): string {
  const values = [actor, action, slice, reason].map(literal).join(', ');
  return `INSERT INTO ${CONTROL_SCHEMA}.audit (actor, action, slice, reason) VALUES (${values});`;
}

function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
