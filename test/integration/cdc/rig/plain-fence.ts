/**
 * As much of a fence as a stream notices: triggers that refuse every transaction but those with the mark of the fence's
 * epoch. The whole one is cdc/fence.
 */
import type pg from 'pg';

export interface PlainFence {
  /** From now on only transactions with this mark pass. */
  turn(epoch: number): Promise<void>;
}

export async function installFence(
  client: pg.Client,
  tables: readonly string[],
  epoch: number,
): Promise<PlainFence> {
  await client.query(`CREATE SEQUENCE fence_epoch; CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('ficus_fence.mark', true) = pg_sequence_last_value('fence_epoch')::text THEN RETURN NULL; END IF;
      RAISE EXCEPTION USING ERRCODE = 'FI001', MESSAGE = format('table %s is being moved by Ficus', TG_TABLE_NAME);
    END $$`);
  const turn = async (to: number) => void (await client.query(`SELECT setval('fence_epoch', $1)`, [to]));
  await turn(epoch);
  for (const table of tables)
    await client.query(`CREATE TRIGGER "00_ficus" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${table}
        FOR EACH STATEMENT EXECUTE FUNCTION guard(); ALTER TABLE ${table} ENABLE ALWAYS TRIGGER "00_ficus"`);
  return { turn };
}
