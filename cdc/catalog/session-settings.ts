/**
 * Settings under which values convert to text and back without loss, and catalogs are read at little cost. Every session
 * of the engine and the verifier uses them, so that the text of a value is the same wherever it is produced.
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
  // When off, a NULL in an array would be read as the word "NULL".
  array_nulls: 'on',
  transform_null_equals: 'off',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  // With row security, fail instead of reading half a table.
  row_security: 'off',
  // In a database whose default is serializable, what we read would let transactions of others fail.
  default_transaction_isolation: 'read committed',
  // Queries of large catalogs are dear by the planner's estimate: the server would compile for longer than they take.
  jit: 'off',
};

/** Limits that suit a role's other sessions but would cut off streams, copies and comparisons again and again. */
const SESSION_LIMITS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'transaction_timeout',
];

/**
 * Lifts the limits that this server version knows. Works on a replication connection too, which takes no parameters.
 */
export const LIFT_LIMITS = `SELECT set_config(name, '0', false) FROM unnest('{${SESSION_LIMITS.join(',')}}'::text[]) AS name
  WHERE current_setting(name, true) IS NOT NULL`;

/** Applies the settings to the rest of the session. */
export async function applySessionSettings(client: pg.ClientBase): Promise<void> {
  await client.query(
    `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted(name, value)
     UNION ALL ${LIFT_LIMITS}`,
    [Object.keys(SESSION_SETTINGS), Object.values(SESSION_SETTINGS)],
  );
}

/**
 * Gives every statement of the session a time limit that the server keeps. A client that gives up by itself leaves its
 * process behind on the server, where it waits for as long as whatever it waits for.
 */
export async function limitStatements(client: pg.ClientBase, limitMs: number): Promise<void> {
  await client.query(`SELECT set_config('statement_timeout', $1, false)`, [String(limitMs)]);
}
