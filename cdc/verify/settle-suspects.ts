/**
 * Step two of a comparison: reads keys that differed again, after the stream has passed a position taken after the
 * first read. Equal now: it was lag. Still different while the source row did not change: a difference. A row that
 * changes at every read is tried a bounded number of times, then counted as unsettled.
 */
import type pg from 'pg';
import type { TablePlan } from '../mapping/table-plan.ts';
import { type Judgement, judgeRow, type KeyReads } from './judge-row.ts';
import {
  addRow,
  type KeyTexts,
  keyId,
  type RowsByKey,
  type SideRow,
  type TableSides,
} from './side-reader.ts';
import { beginSource, type SnapshotSides, waitPast } from './snapshot.ts';
import type { Difference, RowKey } from './verify-report.ts';

const KEYS_AT_ONCE = 500;
const ATTEMPTS = 8;

export interface Settled {
  readonly differences: readonly Difference[];
  /** Equal when read again. */
  readonly equal: number;
  readonly unsettled: number;
  /** Rows that existed at the last read; a key that neither side has any more counts as one. */
  readonly rows: { readonly source: number; readonly target: number };
}

export async function settleSuspects(
  table: TableSides,
  suspects: readonly KeyTexts[],
  sides: SnapshotSides,
): Promise<Settled> {
  const differences: Difference[] = [];
  let equal = 0;
  let unsettled = 0;
  const rows = { source: 0, target: 0 };
  for (let from = 0; from < suspects.length; from += KEYS_AT_ONCE) {
    let open: readonly KeyTexts[] = suspects.slice(from, from + KEYS_AT_ONCE);
    for (let attempt = 1; open.length > 0 && attempt <= ATTEMPTS; attempt += 1) {
      const moving: KeyTexts[] = [];
      for (const { key, judgement, reads } of await readAgain(table, open, sides)) {
        if (judgement.kind === 'moving') {
          moving.push(key);
          continue;
        }
        rows.source += reads.before.length || (reads.found.length === 0 ? 1 : 0);
        rows.target += reads.found.length || (reads.before.length === 0 ? 1 : 0);
        if (judgement.kind === 'equal') equal += 1;
        else differences.push(toDifference(table.plan, key, judgement));
      }
      open = moving;
    }
    unsettled += open.length;
    rows.source += open.length;
    rows.target += open.length;
  }
  return { differences, equal, unsettled, rows };
}

async function readAgain(
  table: TableSides,
  keys: readonly KeyTexts[],
  sides: SnapshotSides,
): Promise<{ key: KeyTexts; judgement: Judgement; reads: KeyReads }[]> {
  const { before, found, after } = await readBoth(table, keys, sides);
  const spelled = await respell(table.plan, before, sides.target);
  const names = table.plan.columns.map((column) => column.name);
  return keys.map((key) => {
    const id = keyId(key);
    const reads = { before: spelled.get(id) ?? [], found: found.get(id) ?? [], after: after.get(id) ?? [] };
    return { key, judgement: judgeRow(names, reads), reads };
  });
}

async function readBoth(
  table: TableSides,
  keys: readonly KeyTexts[],
  sides: SnapshotSides,
): Promise<Record<'before' | 'found' | 'after', RowsByKey>> {
  if (sides.fixedAt !== undefined) {
    const before = await table.source.rows(sides.source, keys);
    return { before, found: await table.target.rows(sides.target, keys), after: before };
  }
  if (sides.stillAt !== undefined) {
    const [before, found] = await Promise.all([
      table.source.rows(sides.source, keys),
      table.target.rows(sides.target, keys),
    ]);
    return { before, found, after: before };
  }
  const lsn = await beginSource(sides.source);
  let before: RowsByKey;
  try {
    before = await table.source.rows(sides.source, keys);
  } finally {
    await sides.source.query('ROLLBACK');
  }
  await waitPast(sides, lsn);
  const found = await table.target.rows(sides.target, keys);
  return { before, found, after: await table.source.rows(sides.source, keys) };
}

/** Values of the target's own types as the target would spell them. */
async function respell(plan: TablePlan, rows: RowsByKey, target: pg.ClientBase): Promise<RowsByKey> {
  const own = plan.columns.flatMap((column, place) => (column.builtin ? [] : [{ column, place }]));
  if (own.length === 0 || rows.size === 0 || plan.module) return rows;
  const flat = [...rows].flatMap(([id, entries]) => entries.map((row) => ({ id, row })));
  const texts = flat.map(({ row }) => [...row.texts]);
  for (const { column, place } of own) {
    const answer = await target.query<{ text: string | null }>(
      `SELECT CAST(value AS ${column.castType})::text AS text FROM unnest($1::text[]) WITH ORDINALITY AS u(value, n) ORDER BY n`,
      [texts.map((row) => row[place] ?? null)],
    );
    for (const [at, row] of texts.entries()) row[place] = answer.rows[at]?.text ?? null;
  }
  const respelled = new Map<string, SideRow[]>();
  for (const [at, { id, row }] of flat.entries()) {
    addRow(respelled, id, { texts: texts[at] ?? row.texts, version: row.version });
  }
  return respelled;
}

function toDifference(
  plan: TablePlan,
  key: KeyTexts,
  judgement: Extract<Judgement, { columns: unknown }>,
): Difference {
  return {
    from: plan.source.qualifiedName,
    to: plan.target.qualifiedName,
    kind: judgement.kind,
    key: toRowKey(plan, key),
    rows: judgement.rows,
    columns: judgement.columns,
  };
}

function toRowKey(plan: TablePlan, key: KeyTexts): RowKey {
  return Object.fromEntries(plan.key.columns.map((name, at) => [name, key[at] ?? null]));
}
