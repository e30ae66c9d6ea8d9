/** Which tables belong to a fence, where it has gaps, and what puts triggers on a table and takes them away. */
import { type FenceFunction, SAFE } from './fence-function.ts';

/** Held while a fence is installed or removed. */
export const INSTALL_LOCK = '5073411672061402701';

/** A turn looks for gaps while writers are refused: planning takes ten times as long as that. */
const PLANNED_ONCE = `${SAFE} SET plan_cache_mode = force_generic_plan`;

/**
 * The members of a fence: configured tables with their whole trees of inheritance and partitions, up and down, and, with
 * \`armed\`, what has its triggers for another reason: a table that was renamed, or has left the config.
 */
export const MEMBERS: FenceFunction = {
  name: 'members',
  signature: 'members(word text, armed boolean)',
  attributes: `RETURNS SETOF oid ${PLANNED_ONCE}`,
  body: `
DECLARE tables jsonb;
BEGIN
  EXECUTE format('SELECT ficus_fence.%I() -> ''tables''', 'config_' || word) INTO tables;
  RETURN QUERY WITH RECURSIVE tree(rel) AS (
      SELECT c.oid FROM jsonb_array_elements(tables) AS t JOIN pg_namespace n ON n.nspname = t ->> 0
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t ->> 1
      UNION SELECT g.tgrelid FROM pg_trigger g WHERE armed AND g.tgfoid = to_regproc(format('ficus_fence.%I', 'guard_' || word))
      UNION SELECT CASE WHEN i.inhrelid = t.rel THEN i.inhparent ELSE i.inhrelid END
              FROM tree t JOIN pg_inherits i ON t.rel IN (i.inhrelid, i.inhparent))
    SELECT t.rel FROM tree t JOIN pg_class c ON c.oid = t.rel WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't';
END`,
};

/** Whether the worker of a native subscription writes into a table: it fires no statement triggers. */
const SUBSCRIBED = `(m.kind = 'r' AND EXISTS (SELECT FROM pg_subscription_rel s
    WHERE s.srrelid = m.rel OR (m.isleaf AND s.srrelid IN (SELECT relid FROM pg_partition_ancestors(m.rel)))))`;

/**
 * \`tgtype\`: 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 1 for each row. Before version 16 a foreign table has no
 * trigger for TRUNCATE. Of the processes that hold locks on tables, only those of the server itself have no user:
 * an autovacuum is no DDL.
 */
export const GAPS: FenceFunction = {
  name: 'gaps',
  signature: 'gaps(word text)',
  attributes: `RETURNS TABLE (kind text, oid oid, name text, why text) ${PLANNED_ONCE}`,
  body: `
#variable_conflict use_column
DECLARE tables jsonb; guard oid := to_regproc(format('ficus_fence.%I', 'guard_' || word));
BEGIN
  EXECUTE format('SELECT ficus_fence.%I() -> ''tables''', 'config_' || word) INTO tables;
  RETURN QUERY WITH m AS MATERIALIZED (
      SELECT c.oid AS rel, format('%s.%s', n.nspname, c.relname) AS name, c.relkind AS kind, c.relispartition AS isleaf
        FROM ficus_fence.members(word, true) AS member(rel) JOIN pg_class c ON c.oid = member.rel JOIN pg_namespace n ON n.oid = c.relnamespace)
  SELECT 'trigger', m.rel, m.name, 'has no trigger of the fence, or one that is disabled' FROM m WHERE NOT EXISTS (SELECT FROM pg_trigger g
      WHERE g.tgrelid = m.rel AND g.tgfoid = guard AND g.tgenabled = 'A' AND g.tgqual IS NULL AND g.tgattr::text = ''
        AND g.tgtype & 127 = CASE WHEN m.kind = 'f' AND current_setting('server_version_num')::int < 160000 THEN 30 ELSE 62 END)
  UNION ALL SELECT 'trigger', m.rel, m.name, 'is the target of a subscription, and has no trigger for its rows' FROM m
    WHERE ${SUBSCRIBED} AND NOT EXISTS (SELECT FROM pg_trigger g
      WHERE g.tgrelid = m.rel AND g.tgfoid = guard AND g.tgenabled = 'A' AND g.tgtype & 127 = 29 AND g.tgname LIKE '00\\_ficus\\_row\\_%')
  UNION ALL SELECT 'name', NULL, format('%s.%s', t ->> 0, t ->> 1), 'does not exist: dropped or renamed' FROM jsonb_array_elements(tables) AS t
    WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = t ->> 0 AND c.relname = t ->> 1 AND c.relkind IN ('r', 'p', 'f'))
  UNION ALL SELECT 'rights', NULL, s.oid::regclass::text, format('may be set by role %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END)
    FROM pg_class s, aclexplode(s.relacl) AS a
    WHERE s.oid = to_regclass(format('ficus_fence.%I', 'state_' || word)) AND a.grantee <> s.relowner AND a.privilege_type IN ('UPDATE', 'USAGE')
  UNION ALL SELECT 'lock', m.rel, m.name, format('is locked as DDL locks it, by %s', coalesce('process ' || l.pid, 'a prepared transaction'))
    FROM pg_locks l JOIN m ON m.rel = l.relation LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND l.granted
      AND l.pid IS DISTINCT FROM pg_backend_pid() AND l.mode IN ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      AND NOT (l.pid IS NOT NULL AND a.pid IS NOT NULL AND a.usesysid IS NULL);
END`,
};

/** Longest time for which writers wait behind DDL of the fence. */
export const LONGEST_PATIENCE_MS = 3_000;

/**
 * Runs DDL on one table, with a lock that is waited for shortly, a few times: all writers that come later wait behind it.
 * Then once for longer, if an autovacuum has the table: it gives way to a session that waits as long as deadlock_timeout,
 * unless that is longer than writers may be kept waiting.
 */
export const ALTER: FenceFunction = {
  name: 'alter_table',
  signature: 'alter_table(rel oid, ddl text)',
  attributes: `RETURNS void ${SAFE}`,
  body: `
DECLARE before text := current_setting('lock_timeout'); patience text := '200ms';
  yields_after int := extract(epoch FROM current_setting('deadlock_timeout')::interval) * 1000 + 500;
BEGIN
  PERFORM pg_advisory_xact_lock(${INSTALL_LOCK});
  FOR attempt IN 1..5 LOOP
    IF attempt = 5 AND yields_after <= ${LONGEST_PATIENCE_MS} AND EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.relation = rel AND l.granted AND a.usesysid IS NULL) THEN
      patience := yields_after || 'ms';
    END IF;
    BEGIN
      PERFORM set_config('lock_timeout', patience, true);
      EXECUTE ddl;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF attempt = 5 THEN RAISE; END IF;
      PERFORM pg_sleep(0.3);
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', before, true);
END`,
};

/** Of one table alone; what is there already is left as it is, and locks nothing. */
export const ARM: FenceFunction = {
  name: 'arm',
  signature: 'arm(word text, rel oid)',
  attributes: `RETURNS void ${SAFE}`,
  body: `
DECLARE gap record; statement text := '00_ficus_' || word; each_row text := '00_ficus_row_' || word; events text := 'INSERT OR UPDATE OR DELETE';
BEGIN
  FOR gap IN SELECT g.why, c.relkind FROM ficus_fence.gaps(word) g JOIN pg_class c ON c.oid = g.oid WHERE g.oid = rel AND g.kind = 'trigger' LOOP
    IF gap.why LIKE '%subscription%' THEN
      PERFORM ficus_fence.alter_table(rel, format('CREATE OR REPLACE TRIGGER %1$I AFTER INSERT OR UPDATE OR DELETE ON %2$s FOR EACH ROW
          WHEN (pg_catalog.current_setting(''session_replication_role'') OPERATOR(pg_catalog.=) ''replica'') EXECUTE FUNCTION ficus_fence.%3$I();
        ALTER TABLE ONLY %2$s ENABLE ALWAYS TRIGGER %1$I', each_row, rel::regclass, 'guard_' || word));
    ELSE
      IF gap.relkind <> 'f' OR current_setting('server_version_num')::int >= 160000 THEN events := events || ' OR TRUNCATE'; END IF;
      PERFORM ficus_fence.alter_table(rel, format('CREATE OR REPLACE TRIGGER %1$I BEFORE %2$s ON %3$s FOR EACH STATEMENT EXECUTE FUNCTION ficus_fence.%4$I();
        ALTER TABLE ONLY %3$s ENABLE ALWAYS TRIGGER %1$I', statement, events, rel::regclass, 'guard_' || word));
    END IF;
  END LOOP;
END`,
};

export const DISARM: FenceFunction = {
  name: 'disarm',
  signature: 'disarm(word text, rel oid)',
  attributes: `RETURNS void ${SAFE}`,
  body: `
DECLARE trigger record;
BEGIN
  FOR trigger IN SELECT g.tgname FROM pg_trigger g WHERE g.tgrelid = rel AND NOT g.tgisinternal AND g.tgfoid = to_regproc(format('ficus_fence.%I', 'guard_' || word)) LOOP
    PERFORM ficus_fence.alter_table(rel, format('DROP TRIGGER IF EXISTS %I ON %s', trigger.tgname, rel::regclass));
  END LOOP;
END`,
};
