/**
 * The stream's publication on the source. PostgreSQL silently omits tables that a publication does not name, or no
 * longer names (from 18 on even when the whole publication is gone). The target therefore remembers the oid of each
 * table's entry: an entry that was removed and added again has a new oid, and the changes in between are missing. It
 * remembers the version of the publication's own row, too: its options may have left out changes for a moment.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '../catalog/quote.ts';
import type { SourcePlan } from '../mapping/table-plan.ts';

type Published = Pick<SourcePlan, 'oid' | 'qualifiedName' | 'sql'>;

/** What publishes a table. */
export interface PublishedAs {
  /** Oid of the entry. */
  readonly entry: string;
  /** Changes whenever the publication's options or owner are set; unknown for what older versions remembered. */
  readonly version?: string | undefined;
  readonly owner?: string | undefined;
}

/** Oid of a table → what publishes it. */
export type PublicationEntries = ReadonlyMap<number, PublishedAs>;

interface EntryRow {
  readonly table: number;
  readonly entry: string | null;
  /** What the publication does not send of the table; null: it sends everything. */
  readonly lacks: string | null;
  /** Belongs to a publication of all tables or of a schema, whose list an administrator maintains. */
  readonly wide: boolean;
  readonly version: string;
  readonly owner: string;
}

const PRIVILEGE = '42501';

const isRefused = (error: unknown): boolean => (error as { code?: string }).code === PRIVILEGE;

/**
 * Whether streams of other installations (a rehearsal beside production) use the publication too: their slots are named
 * after it, with other suffixes. Whatever they need of it must stay.
 */
function hasOtherSlots(publication: string, slot: string): string {
  return `EXISTS (SELECT FROM pg_replication_slots WHERE database = current_database()
            AND slot_name::text ~ ('^' || ${publication} || '_[0-9a-f]{8}$') AND slot_name::text <> ${slot})`;
}

/**
 * Makes the publication name exactly these tables (and those that others need), and send them completely.
 * @param slot of the stream that reads it
 * @throws FicusError when an administrator has to create or alter it
 */
export async function ensurePublication(
  client: pg.ClientBase,
  name: string,
  slot: string,
  tables: readonly Published[],
): Promise<PublicationEntries> {
  try {
    return await alterPublication(client, name, slot, tables);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const says = (error as Error).message;
    throw new FicusError(
      'FICUS_CDC_PRIVILEGE',
      `Publication “${name}” of the source must send all of ${tables.map(({ qualifiedName }) => qualifiedName).join(', ')}, and the role cannot alter it: ${says}.`,
    );
  }
}

async function alterPublication(
  client: pg.ClientBase,
  name: string,
  slot: string,
  tables: readonly Published[],
): Promise<PublicationEntries> {
  const publication = quoteIdentifier(name);
  const known = await client.query(
    `SELECT array(SELECT prrelid FROM pg_publication_rel WHERE prpubid = p.oid ORDER BY 1)
              = array(SELECT DISTINCT unnest($2::oid[]) ORDER BY 1) AS same,
            ${hasOtherSlots('$1::text', '$3::text')} AS shared,
            array(SELECT format('%I.%I', n.nspname, c.relname) FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
                    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid) AS names
       FROM pg_publication p WHERE pubname = $1::text`,
    [name, tables.map(({ oid }) => oid), slot],
  );
  const { same = false, shared = false, names = [] } = known.rows[0] ?? {};
  const kept: readonly string[] = shared ? names : [];
  const list = [...new Set([...tables.map(({ sql }) => sql), ...kept])].sort().join(', ');
  const send = `publish = 'insert, update, delete, truncate', publish_via_partition_root = true`;
  if (!known.rows[0]) {
    await client.query(`CREATE PUBLICATION ${publication} FOR TABLE ${list} WITH (${send})`);
  } else {
    const before = await readEntries(client, name, tables);
    if (before.some(({ lacks }) => lacks !== null))
      await client.query(`ALTER PUBLICATION ${publication} SET (${send})`);
    const covered = before.every(({ entry, lacks, wide }) => wide || (entry !== null && lacks === null));
    const narrow = covered && !(same || shared || before.some(({ wide }) => wide));
    if (!covered || narrow)
      await client.query(`ALTER PUBLICATION ${publication} SET TABLE ${list}`).catch((error) => {
        // A role that does not own the tables could not add them again: what is sent beyond these is skipped.
        if (!narrow || !isRefused(error)) throw error;
      });
  }
  const entries = await readEntries(client, name, tables);
  return new Map(
    entries.map(({ table, entry, version, owner }) => [table, { entry: entry ?? '', version, owner }]),
  );
}

interface PublicationChange {
  /** One sentence on what was not sent since the entries were remembered; undefined when nothing is missing. */
  readonly gap: string | undefined;
  /** To be remembered again, or its return would look like a change of the options. */
  readonly hasNewOwner: boolean;
}

export async function findChange(
  client: pg.ClientBase | pg.Pool,
  name: string,
  tables: readonly Published[],
  remembered: PublicationEntries,
): Promise<PublicationChange> {
  const now = new Map((await readEntries(client, name, tables)).map((row) => [row.table, row]));
  const hasNewOwner = tables.some(({ oid }) => {
    const before = remembered.get(oid)?.owner;
    return before !== undefined && before !== now.get(oid)?.owner;
  });
  return { gap: describeGap(name, tables, now, remembered), hasNewOwner };
}

function describeGap(
  name: string,
  tables: readonly Published[],
  now: ReadonlyMap<number, EntryRow>,
  remembered: PublicationEntries,
): string | undefined {
  for (const { oid, qualifiedName } of tables) {
    const row = now.get(oid);
    const before = remembered.get(oid);
    if (!row?.entry)
      return `Publication “${name}” of the source was dropped or no longer names ${qualifiedName}: its changes are not sent.`;
    if (before && before.entry !== row.entry)
      return `${qualifiedName} was removed from publication “${name}” of the source and added again: changes made meanwhile were not sent.`;
    if (row.lacks)
      return `Publication “${name}” of the source does not send ${row.lacks} of ${qualifiedName}.`;
    if (wasSet(row, before))
      return `The options of publication “${name}” of the source were changed and changed back: changes made meanwhile may not have been sent.`;
  }
  return undefined;
}

/** A new owner alone makes no gap. */
function wasSet({ version, owner }: EntryRow, before: PublishedAs | undefined): boolean {
  return before?.version !== undefined && before.version !== version && before.owner === owner;
}

/** @throws FicusError when a copied table is not sent completely, or for a time was not */
export async function refuseGap(
  client: pg.ClientBase,
  name: string,
  tables: readonly Published[],
  remembered: PublicationEntries,
): Promise<void> {
  const { gap } = await findChange(client, name, tables, remembered);
  if (gap) throw new FicusError('FICUS_CDC_PUBLICATION_GAP', gap);
}

async function readEntries(
  client: pg.ClientBase | pg.Pool,
  name: string,
  tables: readonly Published[],
): Promise<EntryRow[]> {
  const { rows } = await client.query<EntryRow>(
    `SELECT c.oid::int8::float8 AS table,
            coalesce(r.oid, n.oid, CASE WHEN p.puballtables THEN p.oid END)::text AS entry,
            CASE WHEN NOT p.pubinsert THEN 'INSERT' WHEN NOT p.pubupdate THEN 'UPDATE' WHEN NOT p.pubdelete THEN 'DELETE'
                 WHEN NOT p.pubtruncate THEN 'TRUNCATE' WHEN r.prqual IS NOT NULL THEN 'all rows'
                 WHEN r.prattrs IS NOT NULL THEN 'all columns'
                 WHEN c.relkind = 'p' AND NOT p.pubviaroot THEN 'the partitions under the name' END AS lacks,
            p.puballtables OR n.oid IS NOT NULL AS wide, p.xmin::text AS version, p.pubowner::text AS owner
       FROM pg_publication p CROSS JOIN pg_class c
       LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
       LEFT JOIN pg_publication_namespace n ON n.pnpubid = p.oid AND n.pnnspid = c.relnamespace
      WHERE p.pubname = $1 AND c.oid = ANY($2::oid[])`,
    [name, tables.map(({ oid }) => oid)],
  );
  return rows;
}

/**
 * One that others read stays, and so does one that this role may not drop, or could not create again: an administrator has
 * created it, and gives it to the role only to guard.
 */
export async function dropPublication(client: pg.ClientBase, name: string, slot: string): Promise<void> {
  const others = hasOtherSlots(quoteLiteral(name), quoteLiteral(slot));
  const foreign = `EXISTS (SELECT FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid JOIN pg_class c ON c.oid = r.prrelid
           WHERE p.pubname = ${quoteLiteral(name)} AND NOT pg_has_role(c.relowner, 'USAGE'))`;
  const mayCreate = `has_database_privilege(current_database(), 'CREATE')`;
  await client.query(
    `DO $$ BEGIN IF ${mayCreate} AND NOT ${foreign} AND NOT ${others}
       THEN EXECUTE ${quoteLiteral(`DROP PUBLICATION IF EXISTS ${quoteIdentifier(name)}`)}; END IF;
       EXCEPTION WHEN insufficient_privilege THEN NULL; END $$`,
  );
}
