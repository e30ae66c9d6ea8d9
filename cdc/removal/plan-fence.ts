/**
 * What a slice's fence has in one database: triggers on its tables, and schema `ficus_fence`. A fence that keeps writers out is
 * not removed with the rest: one that holds belongs to a cutover under way, and the monolith's, once the service owns the rows,
 * is all that stands between a forgotten job and lost writes.
 */
import type pg from 'pg';
import { disarmSql, dropFenceSql, liftFenceSql } from '../fence/drop-fence-sql.ts';
import { nameFence } from '../fence/fence-names.ts';
import { decodeFenceState } from '../fence/fence-number.ts';
import type { Remnant, RemovalPlan, RemovalStep } from './removal-plan.ts';

interface MemberRow {
  readonly schema: string;
  readonly table: string;
  readonly owner: string;
  readonly may: boolean;
}

const NOTHING: RemovalPlan = { steps: [], remnants: [] };

export async function planFence(client: pg.Client, slice: string): Promise<RemovalPlan> {
  const { config, state, word, guard } = nameFence(slice);
  const found = await client.query<{ there: boolean; value: string | null; may: boolean; owner: string }>(
    `SELECT p.oid IS NOT NULL AS there, pg_sequence_last_value(to_regclass($2)) AS value,
            coalesce(pg_has_role(p.proowner, 'USAGE'), false) AS may, pg_get_userbyid(p.proowner)::text AS owner
       FROM (SELECT to_regproc($1)::oid AS oid) AS named LEFT JOIN pg_proc p ON p.oid = named.oid`,
    [config, state],
  );
  const [fence] = found.rows;
  if (!fence?.there) return NOTHING;
  const mode = decodeFenceState(fence.value)?.mode;
  if (mode === 'hold')
    return {
      ...NOTHING,
      inUse: `The fence of ${slice} holds its writers: a cutover or rollback is under way, or was interrupted (ficus cutover ${slice} --resume).`,
    };
  const { rows } = await client.query<MemberRow>(
    `SELECT n.nspname::text AS schema, c.relname::text AS table, pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(c.relowner, 'USAGE') AS may
       FROM (SELECT DISTINCT tgrelid FROM pg_trigger WHERE tgfoid = to_regproc($1) AND NOT tgisinternal) AS t
       JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2`,
    [guard],
  );
  const sql = [...rows.map(({ schema, table }) => disarmSql(slice, schema, table)), dropFenceSql(slice)].join(
    '\n',
  );
  if (mode === 'moved' && (await sideOf(client, config)) === 'legacy')
    return { steps: [], remnants: [movedRemnant(slice, `${liftFenceSql(slice)}\n${sql}`)] };
  const missing = [fence, ...rows].find(({ may }) => !may);
  if (missing) return { steps: [], remnants: [ownerRemnant(slice, missing.owner, sql)] };
  return { steps: [...rows.map((row) => disarmStep(slice, row)), dropStep(slice, word)], remnants: [] };
}

/** The function’s body says it, whose execution this role may lack. */
async function sideOf(client: pg.Client, config: string): Promise<string | undefined> {
  const { rows } = await client.query<{ body: string }>(
    'SELECT prosrc AS body FROM pg_proc WHERE oid = to_regproc($1)',
    [config],
  );
  return /"side":"(\w+)"/.exec(rows[0]?.body ?? '')?.[1];
}

function disarmStep(slice: string, { schema, table }: MemberRow): RemovalStep {
  return {
    verb: 'drop',
    what: `the fence’s triggers on ${schema}.${table}`,
    sql: disarmSql(slice, schema, table),
  };
}

function dropStep(slice: string, word: string): RemovalStep {
  return {
    verb: 'drop',
    what: `the fence of ${slice} (ficus_fence.…_${word}), and the schema ficus_fence with the last one`,
    sql: dropFenceSql(slice),
  };
}

function movedRemnant(slice: string, sql: string): Remnant {
  return {
    what: `The fence of ${slice} stays on the monolith’s tables: the service owns their rows, and a job that still writes here would be lost without an error. Once the tables are gone, or nothing can write to them, an administrator removes it.`,
    sql,
  };
}

function ownerRemnant(slice: string, owner: string, sql: string): Remnant {
  return {
    what: `The fence of ${slice} belongs to role ${owner}: only that role or an administrator may remove it.`,
    sql,
    missing: true,
  };
}
