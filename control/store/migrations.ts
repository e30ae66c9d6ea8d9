/**
 * The control plane's schema, version by version. A released version is never edited: each change is a new one at the
 * end. They run inside one transaction, under the advisory lock of open-store.ts.
 */
import { CONTROL_SCHEMA, FicusError } from '@ficus/core';
import type pg from 'pg';

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE flag (
     name        text PRIMARY KEY,
     slice       text NOT NULL,
     percent     int NOT NULL CHECK (percent BETWEEN 0 AND 100),
     version     bigint NOT NULL,
     changed_at  timestamptz NOT NULL DEFAULT now()
   );
   CREATE SEQUENCE flag_version;
   CREATE TABLE slice (
     name        text PRIMARY KEY,
     owner       text NOT NULL CHECK (owner IN ('legacy', 'candidate')),
     epoch       bigint NOT NULL CHECK (epoch > 0),
     retired     boolean NOT NULL DEFAULT false,
     parity_since timestamptz NOT NULL DEFAULT now(),
     changed_at  timestamptz NOT NULL DEFAULT now()
   );
   CREATE TABLE audit (
     id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     at      timestamptz NOT NULL DEFAULT now(),
     actor   text NOT NULL,
     action  text NOT NULL,
     slice   text,
     was     jsonb,
     became  jsonb,
     reason  text NOT NULL DEFAULT ''
   );
   CREATE INDEX audit_slice ON audit (slice, id DESC);
   CREATE TABLE journal (
     id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     slice       text NOT NULL REFERENCES slice (name),
     operation   text NOT NULL CHECK (operation IN ('cutover', 'rollback', 'retire')),
     phase       text NOT NULL,
     epoch       bigint NOT NULL,
     details     jsonb NOT NULL DEFAULT '{}',
     started_at  timestamptz NOT NULL DEFAULT now(),
     finished_at timestamptz
   );
   CREATE UNIQUE INDEX journal_one_at_a_time ON journal (slice) WHERE finished_at IS NULL;`,
  // Neither was ever written or read; cutover brings a journal of its own.
  `DROP TABLE journal;
   ALTER TABLE slice DROP COLUMN parity_since;`,
  `ALTER TABLE audit ADD COLUMN outcome text NOT NULL DEFAULT 'made'
     CHECK (outcome IN ('made', 'refused', 'unknown'));`,
  `CREATE TABLE stream (
     slot        text PRIMARY KEY,
     slice       text NOT NULL,
     publication text NOT NULL,
     source      text NOT NULL,
     target      text NOT NULL,
     recorded_at timestamptz NOT NULL DEFAULT now()
   );`,
  // `ficus remove` asks whether a running control plane has the slice in its config.
  'ALTER TABLE slice ADD COLUMN configured boolean NOT NULL DEFAULT true;',
  // What a slot kept when it was dropped to protect its source.
  'ALTER TABLE stream ADD COLUMN given_up_bytes float8;',
  // What was found by comparing: it survives a restart. Times in milliseconds since the epoch.
  `CREATE TABLE parity_evidence (
     slice         text NOT NULL,
     version       text NOT NULL,
     first_seen_at float8 NOT NULL,
     last_seen_at  float8 NOT NULL,
     report        jsonb NOT NULL,
     samples       jsonb NOT NULL,
     PRIMARY KEY (slice, version)
   );
   CREATE TABLE verify_run (
     slice text PRIMARY KEY,
     run   jsonb NOT NULL
   );`,
];

/** Migrates the schema to this program's version. Leaves the client's search path pointing at it. */
export async function migrate(client: pg.ClientBase): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${CONTROL_SCHEMA}`);
  await client.query(`SET search_path TO ${CONTROL_SCHEMA}`);
  await client.query('BEGIN');
  try {
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ version: number | null }>(
      'SELECT max(version) AS version FROM migration',
    );
    const present = rows[0]?.version ?? 0;
    if (present > MIGRATIONS.length)
      throw new FicusError(
        'FICUS_CONTROL_SCHEMA_NEWER',
        `The schema ${CONTROL_SCHEMA} has version ${present}; this program knows versions up to ${MIGRATIONS.length}.`,
      );
    for (const [index, statement] of MIGRATIONS.slice(present).entries()) {
      await client.query(statement);
      await client.query('INSERT INTO migration (version) VALUES ($1)', [present + index + 1]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
