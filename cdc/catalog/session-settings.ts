/**
 * Settings under which values turn into text and back without loss, the same on both sides. Every session of
 * the engine and of the verifier runs under them: the text of a value is then the same wherever it is made.
 */
import type pg from 'pg';

export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  xmloption: 'content',
  lc_monetary: 'C',
  client_encoding: 'UTF8',
  // Off, a NULL in an array is taken for the word.
  array_nulls: 'on',
  transform_null_equals: 'off',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  // Policies that hide rows make an error instead of half a table.
  row_security: 'off',
};

/** Limits that suit a role's other sessions and would cut a stream, a copy or a comparison short, again and again. */
const SESSION_LIMITS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'transaction_timeout',
];

/** Takes the limits away that this version of the server has. Also for a replication connection, which takes no parameters. */
export const LIFT_LIMITS = `SELECT set_config(name, '0', false) FROM unnest('{${SESSION_LIMITS.join(',')}}'::text[]) AS name
  WHERE current_setting(name, true) IS NOT NULL`;

/** Applies the settings for the rest of the session. */
export async function applySessionSettings(client: pg.ClientBase): Promise<void> {
  await client.query(
    `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted(name, value)
     UNION ALL ${LIFT_LIMITS}`,
    [Object.keys(SESSION_SETTINGS), Object.values(SESSION_SETTINGS)],
  );
}
