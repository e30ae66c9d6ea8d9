/**
 * The control plane's schema, version by version. A released version is never edited: each change is a new one at the
 * end. They run inside one transaction, under the advisory lock of open-store.ts.
 */
import { refuseStranger } from '@ficus/cdc';
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
  // Slices whose stream back runs, or is to run: a restart starts it again. `made_at`: its slot was there by then, so that a
  // comparison that began later saw every row which the stream does not carry.
  `ALTER TABLE stream ADD COLUMN direction text NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward', 'reverse'));
   CREATE TABLE reverse_stream (
     slice      text PRIMARY KEY,
     armed_at   timestamptz NOT NULL DEFAULT now(),
     made_at    timestamptz
   );`,
  // Cutovers and rollbacks. A row without finished_at is under way, also while an abandoned one is being undone.
  `CREATE TABLE attempt (
     id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     slice       text NOT NULL,
     operation   text NOT NULL CHECK (operation IN ('cutover', 'rollback')),
     new_owner   text NOT NULL CHECK (new_owner IN ('legacy', 'candidate')),
     from_epoch  bigint NOT NULL,
     epoch       bigint NOT NULL CHECK (epoch > from_epoch),
     rehearsal   boolean NOT NULL,
     no_way_back boolean NOT NULL,
     step        text NOT NULL,
     outcome     text CHECK (outcome IN ('done', 'abandoned', 'rehearsed')),
     failed_step text,
     error_code  text,
     message     text,
     barrier     text,
     timings     jsonb NOT NULL DEFAULT '{}',
     notes       jsonb NOT NULL DEFAULT '[]',
     report      jsonb NOT NULL DEFAULT '{}',
     actor       text NOT NULL,
     reason      text NOT NULL,
     started_at  timestamptz NOT NULL DEFAULT now(),
     journaled_at timestamptz,
     finished_at timestamptz,
     UNIQUE (slice, epoch),
     CHECK (outcome IS DISTINCT FROM 'abandoned' OR journaled_at IS NULL)
   );
   CREATE UNIQUE INDEX attempt_one_at_a_time ON attempt (slice) WHERE finished_at IS NULL;`,
  // Who writes a slice's tables, as far as it was observed.
  `CREATE TABLE writer_inventory (
     slice     text PRIMARY KEY,
     inventory jsonb NOT NULL
   );`,
];

/** Of what the versions make, and have made; others may add views of their own. */
export const OWN_NAMES: readonly string[] = [
  'migration',
  ...MIGRATIONS.flatMap((version) =>
    [...version.matchAll(/CREATE (?:TABLE|SEQUENCE) (\w+)/g)].map(([, name]) => name!),
  ),
];

/** Migrates the schema to this program's version. Leaves the client's search path pointing at it. */
export async function migrate(client: pg.ClientBase): Promise<void> {
  // IF NOT EXISTS would need the privilege to create one, and a database that takes writes, even where there is one.
  await client.query(
    `DO $$ BEGIN IF to_regnamespace('${CONTROL_SCHEMA}') IS NULL THEN CREATE SCHEMA ${CONTROL_SCHEMA}; END IF; END $$`,
  );
  await refuseStranger(client, CONTROL_SCHEMA, OWN_NAMES);
  await client.query(`SET search_path TO ${CONTROL_SCHEMA}`);
  const present = await readVersion(client);
  if (present === MIGRATIONS.length) return;
  await client.query('BEGIN');
  try {
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
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

/** @throws FicusError FICUS_CONTROL_SCHEMA_NEWER */
async function readVersion(client: pg.ClientBase): Promise<number> {
  const { rows: found } = await client.query(
    `SELECT FROM pg_class WHERE oid = to_regclass('${CONTROL_SCHEMA}.migration')`,
  );
  if (found.length === 0) return 0;
  const { rows } = await client.query<{ version: number | null }>(
    'SELECT max(version) AS version FROM migration',
  );
  const version = rows[0]?.version ?? 0;
  if (version <= MIGRATIONS.length) return version;
  throw new FicusError(
    'FICUS_CONTROL_SCHEMA_NEWER',
    `The schema ${CONTROL_SCHEMA} has version ${version}; this program knows versions up to ${MIGRATIONS.length}.`,
  );
}
