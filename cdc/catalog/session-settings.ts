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
};

/** Applies the settings for the rest of the session. */
export async function applySessionSettings(client: pg.ClientBase): Promise<void> {
  await client.query(
    `SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted(name, value)`,
    [Object.keys(SESSION_SETTINGS), Object.values(SESSION_SETTINGS)],
  );
}
