/**
 * Who owns a slice stands in the control database. Where that was lost, or the slice was removed and put back, the legacy's fence
 * still knows: without this a first copy would overwrite what users have written at the service since the cutover.
 */
import { FicusError } from '@ficus/core';
import type pg from 'pg';
import { FENCE_SCHEMA } from '../catalog/fence-triggers-sql.ts';
import { nameFence } from './fence-names.ts';
import { decodeFenceState } from './fence-number.ts';

/** @throws FicusError FICUS_CDC_HANDED_OVER */
export async function refuseHandedOver(source: pg.ClientBase, slice: string): Promise<void> {
  const { state } = nameFence(slice);
  const { rows } = await source.query<{ number: string | null }>(
    `SELECT CASE WHEN has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT')
                 THEN pg_sequence_last_value(c.oid)::text END AS number
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND format('%s.%s', n.nspname, c.relname) = $2 AND c.relkind = 'S'`,
    [FENCE_SCHEMA, state],
  );
  if (decodeFenceState(rows[0]?.number ?? null)?.mode !== 'moved') return;
  throw new FicusError(
    'FICUS_CDC_HANDED_OVER',
    `The legacy’s fence says that slice ${slice} was cut over: the candidate’s rows are the current ones, and a first copy would overwrite them. Only if the legacy’s are to count again: SELECT setval('${state}', pg_sequence_last_value('${state}') >> 3 << 3);`,
  );
}
