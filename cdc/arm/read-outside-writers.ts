/**
 * What writes a slice's tables inside the database without naming them in a client's statement: triggers and rules of
 * other tables, functions, foreign keys that act, native subscriptions. Text is searched for the tables' names: functions
 * that make their statements at run time are not found. Read-only; needs no privilege beyond connecting.
 */
import type pg from 'pg';
import { splitQualified } from '../catalog/quote.ts';
import type { ActingKey, OutsideWriter } from './arm-facts.ts';
import { TREE } from './read-transactions.ts';

/** Functions that call functions that call functions. */
const DEPTH = 5;

interface FunctionRow {
  readonly oid: number;
  readonly name: string;
  readonly bare: string;
  readonly source: string;
}

interface Writing {
  readonly row: FunctionRow;
  readonly table: string;
  /** The one in whose text the table stands. */
  readonly through: string;
}

export async function readOutsideWriters(
  client: pg.ClientBase,
  tables: readonly string[],
): Promise<OutsideWriter[]> {
  const writing = await findWritingFunctions(client, tables);
  const triggers = await readTriggersOf(client, tables, writing);
  const rules = await readRules(client, tables);
  const called = new Set(triggers.map(({ name }) => name));
  const functions = writing
    .filter(({ row }) => !called.has(row.name))
    .map(({ row, table, through }): OutsideWriter => {
      return { kind: 'function', name: row.name, on: null, through, table };
    });
  return [...triggers.map(({ writer }) => writer), ...rules, ...functions];
}

const FUNCTIONS_SQL = `SELECT p.oid::int8::float8 AS oid, n.nspname || '.' || p.proname AS name, p.proname::text AS bare,
         coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS source
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
   WHERE l.lanname NOT IN ('c', 'internal') AND p.prokind IN ('f', 'p')
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'ficus', 'ficus_control', 'ficus_fence')
     AND coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* $1`;

/** Those whose text writes a table, and those that call one of them. */
async function findWritingFunctions(client: pg.ClientBase, tables: readonly string[]): Promise<Writing[]> {
  const names = tables.map((table) => splitQualified(table).name);
  if (names.length === 0) return [];
  const { rows } = await client.query<FunctionRow>(FUNCTIONS_SQL, [
    names.flatMap((name) => [literal(name), literal(name.replaceAll('"', '""'))]).join('|'),
  ]);
  const found = rows.flatMap((row): Writing[] => {
    const table = tables.find((candidate) => writes(row.source, candidate));
    return table === undefined ? [] : [{ row, table, through: row.name }];
  });
  const known = new Set(found.map(({ row }) => row.oid));
  let last: readonly Writing[] = found;
  for (let depth = 0; depth < DEPTH && last.length > 0; depth++) {
    const callees = last;
    const callers = await client.query<FunctionRow>(FUNCTIONS_SQL, [
      callees.map(({ row }) => `\\m${literal(row.bare)}"?\\s*\\(`).join('|'),
    ]);
    last = callers.rows
      .filter(({ oid }) => !known.has(oid))
      .flatMap((row): Writing[] => {
        const callee = callees.find(({ row: { bare } }) => calls(row.source, bare));
        return callee ? [{ ...callee, row }] : [];
      });
    for (const { row } of last) known.add(row.oid);
    found.push(...last);
  }
  return found;
}

/** For patterns of PostgreSQL and of JavaScript alike. */
const literal = (word: string): string => word.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

const withoutComments = (source: string): string =>
  source.replace(/--[^\n]*/g, ' ').replace(/\/\*[\s\S]*?\*\//g, ' ');

/** Whether a text has a statement that writes the table. */
export function writes(source: string, qualifiedName: string): boolean {
  const { schema, name } = splitQualified(qualifiedName);
  const quotable = (word: string) => `(?:"${literal(word.replaceAll('"', '""'))}"|${literal(word)})`;
  const table = `(?:${quotable(schema)}\\s*\\.\\s*)?${quotable(name)}(?![\\w$"])`;
  const one = '(?:insert\\s+into|update(?:\\s+only)?|(?:delete\\s+from|merge\\s+into)(?:\\s+only)?|copy)\\s+';
  const several = 'truncate(?:\\s+table)?(?:\\s+only)?\\s+(?:[^;()]*,\\s*)?';
  const pattern = new RegExp(`(?<![\\w$])(?:${one}|${several})${table}`, 'iu');
  return pattern.test(withoutComments(source));
}

const calls = (source: string, bare: string): boolean =>
  new RegExp(`(?<![\\w$])"?${literal(bare)}"?\\s*\\(`, 'iu').test(withoutComments(source));

interface TriggerRow {
  readonly name: string;
  readonly on: string;
  readonly function: number;
}

/** Triggers of tables and views outside the slice that run one of these functions. */
async function readTriggersOf(
  client: pg.ClientBase,
  tables: readonly string[],
  writing: readonly Writing[],
): Promise<{ readonly name: string; readonly writer: OutsideWriter }[]> {
  const { rows } = await client.query<TriggerRow>(
    `WITH RECURSIVE ${TREE}
     SELECT g.tgname::text AS name, n.nspname || '.' || c.relname AS on, g.tgfoid::int8::float8 AS function
       FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgparentid = 0 AND g.tgfoid = ANY($2::oid[])
        AND c.oid NOT IN (SELECT oid FROM part) ORDER BY 2, 1`,
    [tables, writing.map(({ row }) => row.oid)],
  );
  return rows.flatMap(({ name, on, function: oid }) => {
    const found = writing.find(({ row }) => row.oid === oid);
    if (!found) return [];
    const { through, table } = found;
    return [{ name: found.row.name, writer: { kind: 'trigger', name, on, through, table } as const }];
  });
}

/** Rules that rewrite a statement on another table or view into one on a slice's table; known by their dependencies. */
async function readRules(client: pg.ClientBase, tables: readonly string[]): Promise<OutsideWriter[]> {
  const { rows } = await client.query<OutsideWriter>(
    `WITH RECURSIVE ${TREE}
     SELECT DISTINCT 'rule' AS kind, r.rulename::text AS name, n.nspname || '.' || c.relname AS on, NULL AS through, part.root AS table
       FROM part JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = part.oid AND d.classid = 'pg_rewrite'::regclass
       JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_type IN ('2', '3', '4') AND r.ev_enabled <> 'D'
       JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid NOT IN (SELECT oid FROM part) ORDER BY 3, 2`,
    [tables],
  );
  return rows;
}

/** Foreign keys of the tables whose actions write them when a row outside changes. */
export async function readActingKeys(client: pg.ClientBase, tables: readonly string[]): Promise<ActingKey[]> {
  const { rows } = await client.query<ActingKey>(
    `WITH RECURSIVE ${TREE}, action(code, name) AS (VALUES ('c', 'CASCADE'), ('n', 'SET NULL'), ('d', 'SET DEFAULT'))
     SELECT f.conname::text AS name, n.nspname || '.' || c.relname AS table, format('%I.%I', n.nspname, c.relname) AS "tableSql",
            tn.nspname || '.' || t.relname AS references,
            (SELECT name FROM action WHERE code = f.confdeltype::text) AS "onDelete", (SELECT name FROM action WHERE code = f.confupdtype::text) AS "onUpdate"
       FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_class t ON t.oid = f.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
      WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid IN (SELECT oid FROM part) AND f.confrelid NOT IN (SELECT oid FROM part)
        AND (f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd')) ORDER BY 2, 1`,
    [tables],
  );
  return rows;
}
