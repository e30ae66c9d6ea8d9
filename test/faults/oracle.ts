/**
 * Whether the target equals the source, judged independently of the engine: hand-written queries for these tables, a
 * sum that must never change, a ledger of versions, and the writes that were acknowledged.
 */
import type pg from 'pg';
import type { AnyTypeColumn } from './fault-schema.ts';
import { TOTAL } from './fault-schema.ts';

/** Prefix for notes of entries that the first copy cannot have met. */
export const ONLY_STREAMED = 'streamed-';

/** Prefix for brackets of transactions that no first copy up to the `life`th can have met. */
export function streamedIn(life: number): string {
  return `${ONLY_STREAMED}${life}-`;
}

export interface Judgement {
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly rows: number;
  /** The tables are equal as they are; losses or duplicates can then only show in the history. */
  readonly equal: boolean;
}

interface Pair {
  readonly table: string;
  readonly source: string;
  readonly target: string;
}

function pairs(columns: readonly AnyTypeColumn[]): Pair[] {
  const all = [...columns.map((column) => column.name), 'a0', 'a1', 'a2', 'a3', 'big'];
  const anything = `SELECT id, ${all.map((name) => `${name}::text`).join(', ')} FROM anything`;
  return [
    {
      table: 'wallets',
      source: `SELECT id::text, uid::text, upper(owner), (balance * 100)::bigint::text, version, state::text, md5(big), 'legacy' FROM accounts`,
      target: `SELECT wallet_id::text, uid::text, holder, cents::text, version, state::text, md5(big), origin FROM wallets`,
    },
    {
      table: 'rich',
      source: 'SELECT id, balance::text FROM accounts WHERE balance > 1000',
      target: 'SELECT id, balance::text FROM rich',
    },
    {
      table: 'event_log',
      source: 'SELECT id, account, version, note FROM events',
      target: 'SELECT id, account, version, note FROM event_log',
    },
    { table: 'seats', source: 'SELECT id, place FROM seats', target: 'SELECT id, place FROM seats' },
    {
      table: 'brackets',
      source: 'SELECT id, around FROM brackets',
      target: 'SELECT id, around FROM brackets',
    },
    { table: 'scratch', source: 'SELECT id, v FROM scratch', target: 'SELECT id, v FROM scratch' },
    { table: 'anything', source: anything, target: anything },
  ];
}

/** Compares everything, row by row, once nothing is in flight. */
export async function judge(
  source: pg.Client,
  target: pg.Client,
  columns: readonly AnyTypeColumn[],
  acknowledged: ReadonlySet<string>,
  life: number,
): Promise<Judgement> {
  const lost: string[] = [];
  const doubled: string[] = [];
  let rows = 0;
  for (const pair of pairs(columns)) {
    const [expected, found] = [await readRows(source, pair.source), await readRows(target, pair.target)];
    rows += expected.length;
    const balance = new Map<string, number>();
    for (const row of expected) balance.set(row, (balance.get(row) ?? 0) + 1);
    for (const row of found) balance.set(row, (balance.get(row) ?? 0) - 1);
    for (const [row, count] of balance) {
      if (count > 0) lost.push(`${pair.table}: ${row.slice(0, 300)}`);
      if (count < 0) doubled.push(`${pair.table}: ${row.slice(0, 300)}`);
    }
  }
  const equal = lost.length === 0 && doubled.length === 0;
  const invariant = await checkInvariants(target);
  if (invariant) lost.push(invariant);
  // Written after the first copy, these come only by the stream: each is touched exactly once.
  const { rows: touched } = await target.query<{ id: string; hits: string }>(
    `SELECT id::text, count(*)::text AS hits FROM event_hits WHERE note LIKE '${ONLY_STREAMED}%' GROUP BY id HAVING count(*) > 1`,
  );
  for (const { id, hits } of touched) doubled.push(`event ${id} was applied ${hits} times`);
  for (const around of await findTorn(target, life))
    lost.push(`transaction ${around} of the source is in several of the target`);
  const { rows: notes } = await target.query<{ note: string }>('SELECT DISTINCT note FROM event_log');
  const present = new Set(notes.map((row) => row.note));
  for (const note of acknowledged) if (!present.has(note)) lost.push(`acknowledged write ${note}`);
  return { lost, doubled, rows, equal };
}

/** Transactions whose first and last statements did not become visible together. */
async function findTorn(target: pg.Client, life: number): Promise<string[]> {
  const { rows } = await target.query<{ around: string }>(
    `SELECT around FROM brackets WHERE around LIKE '${streamedIn(life)}%' GROUP BY around HAVING min(writer) <> max(writer)`,
  );
  return rows.map((row) => row.around);
}

async function readRows(client: pg.Client, query: string): Promise<string[]> {
  const { rows } = await client.query({ text: query, rowMode: 'array' });
  return rows.map((row) => JSON.stringify(row));
}

/**
 * Holds for every snapshot of the target once the first copy is complete, even in the middle of everything: source
 * transactions arrive whole. Undefined when all is well.
 */
export async function checkInvariants(target: pg.Client): Promise<string | undefined> {
  const { rows } = await target.query<{ cents: string; versions: string; events: string; repeated: string }>(
    `SELECT (SELECT coalesce(sum(cents), 0) FROM wallets)::text AS cents,
            (SELECT coalesce(sum(version), 0) FROM wallets)::text AS versions,
            (SELECT count(*) FROM event_log)::text AS events,
            (SELECT count(*) FROM (SELECT FROM event_log GROUP BY account, version HAVING count(*) > 1) AS d)::text AS repeated`,
  );
  const [row] = rows;
  if (!row) return 'no answer';
  if (row.cents !== String(TOTAL * 100)) return `the sum of all wallets is ${row.cents}, not ${TOTAL * 100}`;
  if (row.repeated !== '0') return `${row.repeated} versions were entered in the ledger more than once`;
  if (row.versions !== row.events) return `wallets say ${row.versions} changes, the ledger has ${row.events}`;
  return undefined;
}
