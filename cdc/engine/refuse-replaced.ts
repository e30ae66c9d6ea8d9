/**
 * A table that was renamed, or replaced by another one under its name, is not the one that was copied. Catalogs that are
 * read by name do not show it, and the stream sends the changes of the new one only when it is published.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import type { SystemIdentity } from '../source/replication-connection.ts';

interface Known {
  readonly source: string;
  readonly target: string;
  readonly sourceOid: number;
  readonly targetOid: number;
}

/**
 * Of another cluster, oids say nothing.
 * @param tables in the direction of the stream
 * @throws FicusError that names the first table that is another one now
 */
export async function refuseReplaced(
  source: pg.Client,
  target: pg.Client,
  stream: string,
  { systemIdentifier }: SystemIdentity,
  tables: readonly { readonly from: string; readonly to: string }[],
): Promise<void> {
  if (!(await hasShapes(target))) return;
  const { rows } = await target.query<Known>(
    `SELECT source, target, (shape ->> 'sourceOid')::float8 AS "sourceOid", (shape ->> 'targetOid')::float8 AS "targetOid"
       FROM ficus.copy_progress JOIN ficus.checkpoint USING (stream)
      WHERE stream = $1 AND system_identifier = $2 AND shape IS NOT NULL AND (done OR last_key IS NOT NULL) AND shape -> 'mapping' ->> 'from' = source`,
    [stream, systemIdentifier],
  );
  for (const [client, side] of [
    [source, 'source'],
    [target, 'target'],
  ] as const) {
    const wanted = rows.flatMap((row) => {
      // A table of the legacy may feed several of the candidate: then only one of them feeds it on the way back.
      const into = tables.filter(({ to }) => to === row.target);
      const config = into.find(({ from }) => from === row.source) ?? into[0];
      if (!config) return [];
      return [
        side === 'source'
          ? { name: config.from, oid: row.sourceOid }
          : { name: config.to, oid: row.targetOid },
      ];
    });
    const replaced = await findReplaced(client, wanted);
    if (replaced) throw new FicusError('FICUS_CDC_SCHEMA_CHANGED', describe(side, replaced));
  }
}

/** Nothing is stored yet before the first start; older versions stored no shapes. */
async function hasShapes(target: pg.Client): Promise<boolean> {
  const { rows } = await target.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_attribute
                     WHERE attrelid = to_regclass('ficus.copy_progress') AND attname = 'shape') AS present`,
  );
  return rows[0]?.present === true;
}

interface Replaced {
  readonly name: string;
  /** What the table that was copied is called now; null when it is gone. */
  readonly called: string | null;
  /** Whether a table has the name. */
  readonly taken: boolean;
}

async function findReplaced(
  client: pg.Client,
  wanted: readonly { readonly name: string; readonly oid: number }[],
): Promise<Replaced | undefined> {
  const { rows } = await client.query<Replaced>(
    `SELECT wanted.name, old.name AS called, now.oid IS NOT NULL AS taken
       FROM unnest($1::text[], $2::oid[]) AS wanted(name, oid)
       LEFT JOIN LATERAL (SELECT n.nspname || '.' || c.relname AS name FROM pg_class c
                            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = wanted.oid) AS old ON true
       LEFT JOIN LATERAL (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE starts_with(wanted.name, n.nspname || '.')
                             AND c.relname = substr(wanted.name, length(n.nspname) + 2)) AS now ON true
      WHERE old.name <> wanted.name OR now.oid <> wanted.oid LIMIT 1`,
    [wanted.map(({ name }) => name), wanted.map(({ oid }) => oid)],
  );
  return rows[0];
}

function describe(side: 'source' | 'target', { name, called, taken }: Replaced): string {
  const where = side === 'source' ? '' : ' on the target';
  const what =
    called === null
      ? `${name}${where} was dropped and created again`
      : `${name}${where} is ${called} now: it was renamed${taken ? ', and another table has taken its name' : ''}`;
  const why = side === 'source' ? ', and the stream cannot follow its changes' : '';
  const back = side === 'target' && called !== null ? 'Rename it back, or copy again' : 'Copy again';
  return `Table ${what}${why}. ${back}: ficus copy SLICE --restart.`;
}
