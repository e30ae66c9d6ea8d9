/**
 * Notes of writers, while a fence observes: `note` alone is called by a writer's statement, once a minute, and never fails one. No
 * ordinary table: one would be published to every subscriber of FOR ALL TABLES.
 */
import { type FenceFunction, SAFE } from './fence-function.ts';

/** Beyond it nothing is recorded, so that a fence cannot fill the disk. */
const LARGEST_SEEN = 32 * 1024 * 1024;

/**
 * One missed note ends an observation of days: longer than a stalled write takes while the file grows, which others wait
 * for. At most a quarter of the writer's own `statement_timeout`.
 */
const LONGEST_WAIT_MS = 200;

/** Below, the file stays as long as it is: a truncation keeps writers from recording until its commit is on the disk. */
const WORTH_TRUNCATING = 1024 * 1024;

export const CREATE_NOTES = `CREATE UNLOGGED TABLE IF NOT EXISTS ficus_fence.seen (
  key uuid NOT NULL DEFAULT gen_random_uuid(), at timestamptz NOT NULL DEFAULT clock_timestamp(), slice text NOT NULL,
  rel oid NOT NULL, op text NOT NULL, login name NOT NULL, app text NOT NULL, addr inet, pid int NOT NULL,
  xact timestamptz NOT NULL, query text NOT NULL) WITH (vacuum_truncate = false);
CREATE SEQUENCE IF NOT EXISTS ficus_fence.missed;`;

/**
 * Runs with the rights of the fence's owner. Two settings of the session keep it from being called again before a minute
 * has passed; they are undone with the row. A note that cannot be made is counted, and tried again after ten seconds.
 */
export const NOTE: FenceFunction = {
  name: 'note',
  signature: 'note(word text, slice text, rel oid, op text)',
  attributes: `RETURNS void ${SAFE} SECURITY DEFINER SET lock_timeout = '${LONGEST_WAIT_MS}ms'`,
  body: `
DECLARE seen text := 'ficus_fence.seen_' || word; until text := 'ficus_fence.until_' || word;
  wait int; app text := current_setting('application_name'); at bigint := date_part('epoch', clock_timestamp()) * 1000;
BEGIN
  IF pg_trigger_depth() = 0 THEN RETURN; END IF;
  BEGIN
    wait := extract(epoch FROM current_setting('statement_timeout')::interval) * 250;
    IF wait BETWEEN 1 AND ${LONGEST_WAIT_MS} THEN PERFORM set_config('lock_timeout', wait::text, true); END IF;
    IF pg_relation_size('ficus_fence.seen') > ${LARGEST_SEEN} THEN RAISE 'too many notes'; END IF;
    INSERT INTO ficus_fence.seen (slice, rel, op, login, app, addr, pid, xact, query)
      VALUES (slice, rel, op, session_user, app, inet_client_addr(), pg_backend_pid(), now(), left(coalesce(current_query(), ''), 300));
    PERFORM set_config(seen, app, false), set_config(until, (at + 60000)::text, false);
  EXCEPTION WHEN OTHERS THEN
    PERFORM set_config(seen, app, false), set_config(until, (at + 10000)::text, false);
    BEGIN
      PERFORM nextval('ficus_fence.missed');
    EXCEPTION WHEN OTHERS THEN
      RAISE LOG 'ficus_fence: %', SQLERRM;
    END;
  END;
END`,
};

/**
 * The file shrinks when all were removed: an empty table that no writer holds is truncated. One that takes no more is
 * truncated with what is in it, which no control plane has read: nothing else would let it record again, and writers have
 * been missed by then.
 */
export const FORGET: FenceFunction = {
  name: 'forget',
  signature: 'forget(keys uuid[])',
  attributes: `RETURNS void ${SAFE} SECURITY DEFINER`,
  body: `
DECLARE size bigint := pg_relation_size('ficus_fence.seen');
BEGIN
  DELETE FROM ficus_fence.seen WHERE key = ANY(keys);
  IF size < ${WORTH_TRUNCATING} OR (size <= ${LARGEST_SEEN} AND EXISTS (SELECT FROM ficus_fence.seen)) THEN RETURN; END IF;
  LOCK TABLE ficus_fence.seen IN ACCESS EXCLUSIVE MODE NOWAIT;
  IF EXISTS (SELECT FROM ficus_fence.seen) THEN
    IF size <= ${LARGEST_SEEN} THEN RETURN; END IF;
    PERFORM nextval('ficus_fence.missed');
  END IF;
  TRUNCATE ficus_fence.seen;
EXCEPTION WHEN lock_not_available THEN
  DELETE FROM ficus_fence.seen WHERE key = ANY(keys);
END`,
};
