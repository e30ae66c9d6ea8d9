/** What a slice's streams have on their source: slots and the publication. */
import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import { isSlotOfPublication, isStreamSlotSql } from '../source/stream-names.ts';
import type { Remnant, RemovalPlan, RemovalStep } from './removal-plan.ts';

interface SourceNames {
  /** Slots that are this installation's own. */
  readonly slots: readonly string[];
  /** Undefined when only slots are removed. */
  readonly publication: string | undefined;
}

interface SlotRow {
  readonly name: string;
  readonly pid: number | null;
  readonly retained: string;
}

export async function planSource(
  client: pg.Client,
  { slots, publication }: SourceNames,
): Promise<RemovalPlan> {
  const { rows } = await client.query<SlotRow>(
    `SELECT slot_name::text AS name, active_pid AS pid, pg_size_pretty(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
              THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)) AS retained
       FROM pg_replication_slots
      WHERE database = current_database() AND NOT temporary AND ${isStreamSlotSql('slot_name')} ORDER BY slot_name`,
  );
  const own = rows.filter(({ name }) => slots.includes(name));
  const reader = own.find(({ pid }) => pid !== null);
  const others = rows.filter(({ name }) => !slots.includes(name) && isOf(name, publication));
  const rest = publication === undefined ? NOTHING : await planPublication(client, publication, others);
  return {
    steps: [...own.map(dropSlot), ...rest.steps],
    remnants: [...others.map(describeOther), ...rest.remnants],
    ...(reader && { inUse: `Slot “${reader.name}” is being read by process ${reader.pid} of the server.` }),
  };
}

const NOTHING: RemovalPlan = { steps: [], remnants: [] };

const isOf = (slot: string, publication: string | undefined): boolean =>
  publication !== undefined && isSlotOfPublication(publication, slot);

function dropSlot({ name, retained }: SlotRow): RemovalStep {
  return {
    verb: 'drop',
    what: `slot “${name}” (${retained} of WAL)`,
    sql: `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(name)};`,
    first: true,
  };
}

function describeOther({ name, pid }: SlotRow): Remnant {
  const what = `Slot “${name}” stays: it belongs to another installation, or to an earlier candidate database of this slice.`;
  return pid === null ? { what, sql: `SELECT pg_drop_replication_slot(${quoteLiteral(name)});` } : { what };
}

async function planPublication(
  client: pg.Client,
  publication: string,
  others: readonly SlotRow[],
): Promise<RemovalPlan> {
  const { rows } = await client.query<{ owner: string; may: boolean }>(
    `SELECT pubowner::regrole::text AS owner, pg_has_role(pubowner, 'USAGE') AS may FROM pg_publication WHERE pubname = $1`,
    [publication],
  );
  const [found] = rows;
  if (!found) return NOTHING;
  if (others.length > 0)
    return {
      steps: [],
      remnants: [{ what: `Publication “${publication}” stays: ${others[0]?.name} reads it.` }],
    };
  const sql = `DROP PUBLICATION IF EXISTS ${quoteIdentifier(publication)};`;
  if (found.may)
    return { steps: [{ verb: 'drop', what: `publication “${publication}”`, sql }], remnants: [] };
  const what = `Publication “${publication}” belongs to role ${found.owner}: only that role or an administrator may drop it.`;
  return { steps: [], remnants: [{ what, sql, missing: true }] };
}
