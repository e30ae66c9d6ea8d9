/**
 * The SQL that makes a fence, as a script that an administrator may run beforehand, and that `Fence.install` runs. It can
 * be run again at any time: what is there keeps its state and its key. All of it belongs to the owner of the slice's tables, so that
 * whatever role dumps them can dump the fence too.
 */
import { dollarQuote, quoteIdentifier, quoteLiteral, splitQualified } from '../catalog/quote.ts';
import { CREATE_SHARED_OBJECTS, SHARED_FUNCTIONS } from './base-sql.ts';
import type { FenceDefinition } from './fence-definition.ts';
import { createFunction, type FenceFunction } from './fence-function.ts';
import { nameFence } from './fence-names.ts';
import { operatorGrants, sliceFunctions } from './slice-sql.ts';
import { INSTALL_LOCK, LONGEST_PATIENCE_MS } from './tree-sql.ts';

export interface FenceSqlOptions extends FenceDefinition {
  /** Of a fence that is not there yet, as its sequence holds it. */
  readonly first: string;
  /** Turns the fence, and reads its notes and gaps, without owning it. */
  readonly operatorRole?: string | undefined;
}

/** Everything, triggers included. Each entry is a transaction. */
export function fenceSql(options: FenceSqlOptions): string[] {
  return [fenceObjectsSql(options), armSql(options.slice)];
}

/** Schema, functions, sequence and grants: nothing that a table is locked for. */
export function fenceObjectsSql(options: FenceSqlOptions): string {
  const { slice, tables, first, operatorRole } = options;
  const { state, config } = nameFence(slice);
  const { schema, name } = splitQualified(tables[0] ?? '');
  const own = sliceFunctions(options);
  const made = [
    CREATE_SHARED_OBJECTS,
    ...SHARED_FUNCTIONS.map(createFunction),
    `CREATE SEQUENCE IF NOT EXISTS ${state} MINVALUE 0 START 0;`,
    ...own.map(createFunction),
  ].join('\n');
  const functions = [...SHARED_FUNCTIONS, ...own].map(({ name }) => `ficus_fence.${name}`).join(', ');
  return `DO ${dollarQuote(`
DECLARE before text := current_setting('role'); owner name; other name; config jsonb; key text := ${RANDOM_KEY}; turning text := ${RANDOM_KEY}; stranger text;
BEGIN
  PERFORM pg_advisory_xact_lock(${INSTALL_LOCK});
  SELECT pg_get_userbyid(coalesce((SELECT nspowner FROM pg_namespace WHERE nspname = 'ficus_fence'), c.relowner)) INTO owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${quoteLiteral(schema)} AND c.relname = ${quoteLiteral(name)};
  IF owner IS NULL THEN RAISE undefined_table USING MESSAGE = ${quoteLiteral(`table ${quoteIdentifier(schema)}.${quoteIdentifier(name)} does not exist`)}; END IF;
  ${REQUIRE_PUBLIC}
  ${strangerSql(tables)} INTO other;
  IF other IS NOT NULL THEN
    RAISE insufficient_privilege USING MESSAGE = format('schema ficus_fence, or something in it, belongs to role %s, which may not act for the owner of the tables: what their writers run would be its own (ALTER … OWNER TO, or drop the schema)', other);
  END IF;
  IF to_regnamespace('ficus_fence') IS NULL THEN EXECUTE format('CREATE SCHEMA ficus_fence AUTHORIZATION %I', owner); END IF;
  PERFORM set_config('role', owner, true);
  IF to_regproc('${config}') IS NOT NULL THEN
    EXECUTE 'SELECT ${config}()' INTO config;
    key := config ->> 'key';
    turning := config ->> 'turning';
  END IF;
  EXECUTE replace(replace(${dollarQuote(made)}, '@KEY@', key), '@TURNING@', turning);
  FOR stranger IN SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
      FROM pg_default_acl d, aclexplode(d.defaclacl) AS a WHERE d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = owner) AND a.grantee <> d.defaclrole LOOP
    EXECUTE format('REVOKE ALL ON ficus_fence.seen, ficus_fence.missed FROM %1$s; REVOKE ALL ON FUNCTION ${functions} FROM %1$s', stranger);
  END LOOP;
  EXECUTE ${dollarQuote(grantsOf(own, state).join(' '))};
  IF pg_sequence_last_value('${state}') IS NULL THEN PERFORM setval('${state}', ${first}); END IF;
  FOR stranger IN SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
      FROM pg_class s, aclexplode(s.relacl) AS a WHERE s.oid = '${state}'::regclass AND a.grantee <> s.relowner LOOP
    EXECUTE format('REVOKE ALL ON SEQUENCE ${state} FROM %s', stranger);
  END LOOP;
  GRANT SELECT ON SEQUENCE ${state} TO PUBLIC;
  ${operatorRole === undefined ? '' : grantOperator(slice, operatorRole)}
  PERFORM set_config('role', before, true);
END `)};`;
}

/** The SQL may be run before the role is made, and again afterwards. */
function grantOperator(slice: string, role: string): string {
  return `IF EXISTS (SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(role)}) THEN
    ${operatorGrants(slice, role)}
  ELSE
    RAISE WARNING 'role % does not exist yet: run this again when it does', ${quoteLiteral(role)};
  END IF;`;
}

/** So long may writers wait behind the locks of the script: shorter than `deadlock_timeout`, which would end one of them. */
const LOCKED_MS = 400;

/**
 * Triggers on every table of the trees that lacks them. A script may be run as one transaction, which keeps its locks: so
 * all are taken at once, and given back for a while when that takes too long. Those of tables at which an autovacuum works
 * come first, before a writer can wait: it gives way late.
 */
export function armSql(slice: string): string {
  const { word } = nameFence(slice);
  return `DO ${dollarQuote(`
DECLARE before text := current_setting('lock_timeout'); rel oid; until timestamptz; isVacuumed boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(${INSTALL_LOCK});
  FOR attempt IN 1..10 LOOP
    until := NULL;
    BEGIN
      FOR rel, isVacuumed IN SELECT g.oid, bool_or(a.pid IS NOT NULL) FROM ficus_fence.gaps('${word}') AS g JOIN pg_class c ON c.oid = g.oid
          LEFT JOIN pg_locks l ON l.relation = g.oid AND l.granted LEFT JOIN pg_stat_activity a ON a.pid = l.pid AND a.usesysid IS NULL
          WHERE g.kind = 'trigger' AND c.relkind <> 'f' GROUP BY g.oid ORDER BY 2 DESC, 1 LOOP
        IF NOT (isVacuumed AND attempt = 10) AND until IS NULL THEN until := clock_timestamp() + interval '${LOCKED_MS} ms'; END IF;
        PERFORM set_config('lock_timeout', CASE WHEN until IS NULL THEN '${LONGEST_PATIENCE_MS}'
          ELSE greatest(1, extract(epoch FROM until - clock_timestamp()) * 1000)::int::text END, true);
        EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', rel::regclass);
      END LOOP;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF attempt = 10 THEN RAISE; END IF;
      PERFORM pg_sleep(0.3);
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', before, true);
  PERFORM ficus_fence.arm('${word}', member) FROM ficus_fence.members('${word}', false) AS member;
END`)};`;
}

/**
 * Whether something in the schema belongs to a role that could not put a trigger on these tables by itself: its code would
 * run with the rights of every writer, so a role that creates the schema first would become whatever writes.
 */
export function strangerSql(tables: readonly string[]): string {
  const names = tables
    .map(splitQualified)
    .map(({ schema, name }) => `(${quoteLiteral(schema)}, ${quoteLiteral(name)})`);
  return `SELECT pg_get_userbyid(found.owner) FROM (SELECT nspowner FROM pg_namespace WHERE nspname = 'ficus_fence'
      UNION SELECT relowner FROM pg_class WHERE relnamespace = to_regnamespace('ficus_fence')
      UNION SELECT proowner FROM pg_proc WHERE pronamespace = to_regnamespace('ficus_fence')
      UNION SELECT p.proowner FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE c.relnamespace = to_regnamespace('ficus_fence') AND NOT t.tgisinternal) AS found(owner)
    WHERE EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE (n.nspname, c.relname) IN (${names.join(', ')}) AND NOT pg_has_role(found.owner, c.relowner, 'MEMBER')) LIMIT 1`;
}

/** 63 random bits: nothing that another program would choose for a lock of its own. */
const RANDOM_KEY = `((('x' || right(gen_random_uuid()::text, 12))::bit(48)::bigint << 15) | (('x' || right(gen_random_uuid()::text, 4))::bit(16)::int & 32767))::text`;

/** A server on which PUBLIC may not execute these would refuse every write of the fenced tables. */
const REQUIRE_PUBLIC = `IF EXISTS (SELECT FROM pg_proc p WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname IN ('pg_try_advisory_xact_lock_shared', 'pg_sequence_last_value', 'current_setting', 'date_part', 'clock_timestamp', 'format')
      AND NOT EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0 AND privilege_type = 'EXECUTE')) THEN
    RAISE insufficient_privilege USING MESSAGE = 'PUBLIC may not execute functions that a fence’s triggers call (pg_try_advisory_xact_lock_shared, pg_sequence_last_value and others)';
  END IF;`;

/**
 * PUBLIC gets what a writer’s statement needs, whatever the default privileges say, and a dump of the database. To other
 * roles those privileges have given more: to read what all writers sent, or to turn the fence.
 */
function grantsOf(own: readonly FenceFunction[], state: string): string[] {
  const functions = [...SHARED_FUNCTIONS, ...own].map(({ name }) => name);
  const forWriters = functions.filter((name) => name === 'note' || name.startsWith('guard_'));
  const others = functions.filter((name) => !forWriters.includes(name));
  const list = (names: readonly string[]) => names.map((name) => `ficus_fence.${name}`).join(', ');
  return [
    'GRANT USAGE ON SCHEMA ficus_fence TO PUBLIC;',
    `GRANT SELECT ON SEQUENCE ${state}, ficus_fence.missed TO PUBLIC;`,
    `GRANT EXECUTE ON FUNCTION ${list(forWriters)} TO PUBLIC;`,
    `REVOKE ALL ON FUNCTION ${list(others)} FROM PUBLIC;`,
  ];
}
