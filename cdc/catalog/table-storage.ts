/**
 * Which files hold a table's rows, and which rows of the catalog describe its columns. ALTER … TYPE … USING computes values
 * again, writes all rows into another file, and is in no change stream. A TRUNCATE, VACUUM FULL or CLUSTER that comes with
 * another change of a column changes both as well, but it keeps the table of long values (TOAST) and what is built on the column.
 */
import type pg from 'pg';
import { splitQualified } from './quote.ts';

export interface TableStorage {
  /** Oid of the table, or of each of its partitions → its file and the oid of its TOAST table, 0 without one. */
  readonly files: Readonly<Record<string, string>>;
  /** Oid of each partition → versions of its links to the table: another one after it was attached. */
  readonly links?: Readonly<Record<string, string>>;
  /** Without those that were added with a default that fills rows: their version changes with the file. */
  readonly columns: Readonly<Record<string, StoredColumn>>;
}

/** Version of its row in the catalog, its type by number, and the indexes, constraints, defaults and statistics that are built on it. */
type StoredColumn = readonly [version: string, type: string, builtOn?: readonly string[]];

/** `schema.table` → its storage, both of one moment. Reads catalogs alone, and waits for no lock of a table. */
export async function readStorage(
  client: pg.ClientBase | pg.Pool,
  tables: readonly string[],
): Promise<Map<string, TableStorage>> {
  const wanted = tables.map(splitQualified);
  const { rows } = await client.query<TableStorage & { name: string }>(STORAGE_SQL, [
    wanted.map(({ schema }) => schema),
    wanted.map(({ name }) => name),
  ]);
  return new Map(rows.map(({ name, ...storage }) => [name, storage]));
}

const STORAGE_SQL = `
  WITH RECURSIVE wanted AS MATERIALIZED (
    SELECT c.oid, n.nspname || '.' || c.relname AS name
      FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS mapped(schema, name)
      JOIN pg_namespace n ON n.nspname = mapped.schema
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = mapped.name
  ), member AS MATERIALIZED (
    SELECT oid AS root, oid, '' AS link FROM wanted
    UNION SELECT m.root, i.inhrelid, concat_ws(' ', NULLIF(m.link, ''), i.xmin) FROM member m JOIN pg_inherits i ON i.inhparent = m.oid
  )
  SELECT w.name,
         (SELECT coalesce(json_object_agg(c.oid, concat_ws(' ', c.relfilenode, c.reltoastrelid) ORDER BY c.oid), '{}') FROM member m JOIN pg_class c ON c.oid = m.oid
           WHERE m.root = w.oid AND c.relfilenode <> 0) AS files,
         (SELECT coalesce(json_object_agg(c.oid, m.link ORDER BY c.oid), '{}') FROM member m JOIN pg_class c ON c.oid = m.oid
           WHERE m.root = w.oid AND m.link <> '' AND c.relfilenode <> 0) AS links,
         (SELECT coalesce(json_object_agg(a.attname, json_build_array(a.xmin::text, concat(a.atttypid, ' ', a.atttypmod), (
                   SELECT coalesce(json_agg(concat_ws(' ', d.classid, d.objid) ORDER BY d.classid, d.objid), '[]')
                     FROM pg_depend d LEFT JOIN pg_class i ON d.classid = 'pg_class'::regclass AND i.oid = d.objid
                    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
                      AND (d.classid IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_statistic_ext'::regclass)
                           OR i.relkind IN ('i', 'I'))))), '{}')
            FROM pg_attribute a
           WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.atthasmissing) AS columns
    FROM wanted w`;

/**
 * A column that may have been computed again since; undefined: none was.
 * @param columns those whose values count
 */
export function findComputedAgain(
  columns: readonly string[],
  before: TableStorage,
  now: TableStorage,
): string | undefined {
  if (!isWrittenAgain(before, now)) return undefined;
  return columns.find((name) => {
    const [version, type, builtOn = []] = before.columns[name] ?? [];
    const [versionNow, typeNow, builtOnNow = []] = now.columns[name] ?? [];
    // Whether another type keeps the values is judged by the types.
    if (version === undefined || version === versionNow || type !== typeNow) return false;
    // ALTER … TYPE makes all of them again.
    return !builtOn.some((object) => builtOnNow.includes(object));
  });
}

/**
 * Whether rows may have left with a partition: detached, dropped, or emptied by itself, which no change stream tells. One
 * that was written again (VACUUM FULL) looks as one that was emptied.
 */
export function hasLostPartition(before: TableStorage, now: TableStorage): boolean {
  return Object.keys(before.links ?? {}).some((oid) => {
    const file = now.files[oid];
    // The TOAST table stays: its number says nothing here.
    return file === undefined || before.files[oid]?.split(' ')[0] !== file.split(' ')[0];
  });
}

/** Whether ALTER TABLE may have written the rows of all partitions again; it leaves out none. */
function isWrittenAgain(before: TableStorage, now: TableStorage): boolean {
  const known = Object.keys(now.files).filter(
    (oid) => before.files[oid] !== undefined && before.links?.[oid] === now.links?.[oid],
  );
  return known.length > 0 && known.every((oid) => isOtherFile(before.files[oid]!, now.files[oid]!));
}

/** Older versions knew no TOAST table. */
function isOtherFile(before: string, now: string): boolean {
  const [file, toast] = before.split(' ');
  const [fileNow, toastNow] = now.split(' ');
  return file !== fileNow && (toast === undefined || toast === '0' || toast !== toastNow);
}
