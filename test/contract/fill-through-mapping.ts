/**
 * Copies the shop's rows into the service's tables according to sample/ficus.yaml, with one plain SELECT and INSERT per
 * table. Deliberately independent of the CDC engine: an oracle for both.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { SampleDatabase } from './sample-databases.ts';

export type ColumnSource =
  | string
  | { constant: string | number }
  | { sql: string; from: string[]; reverse?: Record<string, string> };

interface TableMapping {
  readonly from: string;
  readonly to: string;
  readonly columns: Readonly<Record<string, ColumnSource>>;
}

interface NotificationsSlice {
  readonly routes: readonly object[];
  readonly tables: readonly TableMapping[];
}

/** The slice from the sample's config. */
export function readSlice(): NotificationsSlice {
  const file = join(import.meta.dirname, '..', '..', 'sample', 'ficus.yaml');
  return (parse(readFileSync(file, 'utf8')) as { slices: { notifications: NotificationsSlice } }).slices
    .notifications;
}

export async function fillThroughMapping(shop: SampleDatabase, service: SampleDatabase): Promise<void> {
  for (const table of readSlice().tables) {
    const types = await columnTypes(service, table.to);
    const names = Object.keys(table.columns);
    const expressions = names.map((name) => `(${toExpression(table.columns[name]!)})::text AS "${name}"`);
    const rows = await shop.query<Record<string, string | null>>(
      `SELECT ${expressions.join(', ')} FROM (${await sourceRows(shop, table.from)}) source`,
    );
    const values = names.map((name) => `CAST(value->>'${name}' AS ${types.get(name)})`);
    await service.query(
      `INSERT INTO ${table.to} (${names.map((name) => `"${name}"`).join(', ')})
       SELECT ${values.join(', ')} FROM jsonb_array_elements($1::jsonb) value`,
      [JSON.stringify(rows)],
    );
  }
}

function toExpression(source: ColumnSource): string {
  if (typeof source === 'string') return `"${source}"`;
  if ('constant' in source) return `'${source.constant}'`;
  return source.sql;
}

/** The table with its enums as text, as a mapping's expressions see them. */
export async function sourceRows(database: SampleDatabase, table: string): Promise<string> {
  const columns = await database.query<{ name: string; own: boolean }>(
    `SELECT attname AS name, typtype <> 'b' AS own FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  const list = columns.map(({ name, own }) => (own ? `"${name}"::text AS "${name}"` : `"${name}"`));
  return `SELECT ${list.join(', ')} FROM ${table}`;
}

async function columnTypes(database: SampleDatabase, table: string): Promise<Map<string, string>> {
  const columns = await database.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  return new Map(columns.map(({ name, type }) => [name, type]));
}
