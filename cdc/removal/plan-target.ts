/** What a slice's stream has on its target: checkpoint and progress of the copy, and with the last one the schema. */
import type pg from 'pg';
import { DROP_STATE, readStateVersion, STATE_LOCK } from '../apply/state-schema.ts';
import { quoteLiteral } from '../catalog/quote.ts';
import { nameStream } from '../source/stream-names.ts';
import type { Remnant, RemovalPlan } from './removal-plan.ts';

interface TargetState {
  /** Whether Ficus keeps anything in this database. */
  readonly present: boolean;
  /** Slots of the slice's checkpoints. */
  readonly slots: readonly string[];
  /** Tables of the slice that were copied, `schema.table`. */
  readonly tables: readonly string[];
  /** Streams of other slices. */
  readonly others: number;
}

const streamsOf = (slice: string): readonly string[] =>
  (['forward', 'reverse'] as const).map((direction) => nameStream(slice, direction, '').stream);

export async function readTargetState(client: pg.Client, slice: string): Promise<TargetState> {
  const found = await client.query<{ checkpoint: boolean; progress: boolean }>(
    `SELECT to_regclass('ficus.checkpoint') IS NOT NULL AS checkpoint, to_regclass('ficus.copy_progress') IS NOT NULL AS progress`,
  );
  const { checkpoint = false, progress = false } = found.rows[0] ?? {};
  await readStateVersion(client);
  if (!checkpoint) return { present: false, slots: [], tables: [], others: 0 };
  const streams = streamsOf(slice);
  const own = await client.query<{ slot: string }>(
    'SELECT slot FROM ficus.checkpoint WHERE stream = ANY ($1)',
    [streams],
  );
  const others = await client.query<{ count: number }>(
    'SELECT count(*)::int FROM ficus.checkpoint WHERE stream <> ALL ($1)',
    [streams],
  );
  const tables = progress
    ? await client.query<{ target: string }>(
        'SELECT DISTINCT target FROM ficus.copy_progress WHERE stream = ANY ($1) ORDER BY 1',
        [streams],
      )
    : { rows: [] };
  return {
    present: true,
    slots: own.rows.map(({ slot }) => slot),
    tables: tables.rows.map(({ target }) => target),
    others: others.rows[0]?.count ?? 0,
  };
}

/** @param isCandidate the rows are those that the stream has copied: the legacy's are its own */
export async function planTarget(client: pg.Client, slice: string, isCandidate = true): Promise<RemovalPlan> {
  const { tables, others, present, slots } = await readTargetState(client, slice);
  const remnants: Remnant[] =
    tables.length === 0 || !isCandidate
      ? []
      : [{ what: `The rows of ${tables.join(', ')} stay: they are the service’s data.` }];
  if (others === 0) remnants.push(...(await foreignSchema(client)));
  if (!present || (slots.length === 0 && others > 0)) return { steps: [], remnants };
  const last = others === 0 ? ', and the schema ficus: no other stream is kept there' : '';
  const copied = isCandidate ? ' and the progress of the copy' : ' of the way back';
  const what = `the checkpoint${copied} of ${slice}${last}`;
  return { steps: [{ verb: 'remove', what, sql: forgetSql(slice) }], remnants };
}

/** The schema goes with the last stream; decided when it runs, under the lock that makes the state. */
function forgetSql(slice: string): string {
  return `DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(${STATE_LOCK});
  IF to_regclass('ficus.checkpoint') IS NULL THEN RETURN; END IF;
  DELETE FROM ficus.checkpoint WHERE stream IN (${streamsOf(slice).map(quoteLiteral).join(', ')});
  IF EXISTS (SELECT FROM ficus.checkpoint) THEN RETURN; END IF;
  ${DROP_STATE}
  BEGIN DROP SCHEMA ficus; EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN NULL; END;
END $$;`;
}

/** An administrator may have created the schema beforehand: then only an administrator may drop it. */
async function foreignSchema(client: pg.Client): Promise<Remnant[]> {
  const { rows } = await client.query<{ owner: string }>(
    `SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'ficus' AND NOT pg_has_role(nspowner, 'USAGE')`,
  );
  return rows.map(({ owner }) => ({
    what: `The schema ficus stays, empty: it belongs to role ${owner}, and only that role or an administrator may drop it.`,
    sql: 'DROP SCHEMA ficus;',
  }));
}
