/**
 * What the fence of one slice has of its own: the sequence that holds its state, the guard that its triggers run, and what
 * turns it. The lock's key is random, made once in the database: `@KEY@` and `@TURNING@` stand for it until then.
 */

import { quoteIdentifier, quoteLiteral, splitQualified } from '../catalog/quote.ts';
import type { FenceDefinition } from './fence-definition.ts';
import type { FenceFunction } from './fence-function.ts';
import { nameFence } from './fence-names.ts';

/** Read by whatever turns or describes the fence; the keys as text, which JSON's numbers would round. */
export interface FenceConfig {
  readonly slice: string;
  readonly side: string;
  readonly tables: readonly (readonly [schema: string, name: string])[];
  readonly key: string;
  readonly turning: string;
}

export function sliceFunctions(definition: FenceDefinition): FenceFunction[] {
  return [configOf(definition), guardOf(definition), turnOf(definition), observeOf(definition)];
}

function configOf({ slice, side, tables }: FenceDefinition): FenceFunction {
  const config: FenceConfig = {
    slice,
    side,
    tables: [...new Set(tables)]
      .sort()
      .map(splitQualified)
      .map(({ schema, name }) => [schema, name]),
    key: '@KEY@',
    turning: '@TURNING@',
  };
  const name = `config_${nameFence(slice).word}`;
  return {
    name,
    signature: `${name}()`,
    attributes: 'RETURNS pg_catalog.jsonb LANGUAGE sql IMMUTABLE',
    body: `SELECT ${quoteLiteral(JSON.stringify(config))}::pg_catalog.jsonb`,
  };
}

/**
 * First the lock, then the state: never the other way round. `try` never waits, and fails as soon as a turn waits for the
 * lock; what was granted is held to the transaction's end. Every name is qualified, as the writer's search_path applies. The time
 * until which a session is not recorded again is compared as text: a setting may hold anything, and after a rollback nothing.
 */
function guardOf(definition: FenceDefinition): FenceFunction {
  const { slice, applierRole } = definition;
  const { word, state } = nameFence(slice);
  const lock = 'pg_catalog.pg_try_advisory_xact_lock_shared(@KEY@)';
  const value = `pg_catalog.pg_sequence_last_value('${state}')`;
  const mode = '(v OPERATOR(pg_catalog.&) 7) OPERATOR(pg_catalog.=)';
  const name = `guard_${word}`;
  return {
    name,
    signature: `${name}()`,
    attributes: 'RETURNS pg_catalog.trigger LANGUAGE plpgsql',
    body: `
DECLARE got boolean; v bigint;
BEGIN
  IF ${lock} AND ${value} OPERATOR(pg_catalog.&) 7 OPERATOR(pg_catalog.=) 0 THEN RETURN NULL; END IF;
  got := ${lock};
  v := ${value};
  IF session_user OPERATOR(pg_catalog.=) ${quoteLiteral(applierRole)}::pg_catalog.name THEN
    IF pg_catalog.current_setting('ficus_fence.mark', true) OPERATOR(pg_catalog.=) (v OPERATOR(pg_catalog.>>) 3)::pg_catalog.text
       OR (got AND ${mode} 1 AND pg_catalog.current_setting('ficus_fence.mark', true) OPERATOR(pg_catalog.<>) '') THEN RETURN NULL; END IF;
  END IF;
  IF got AND ${mode} 0 THEN RETURN NULL; END IF;
  IF got AND ${mode} 1 THEN
    IF pg_catalog.current_setting('ficus_fence.seen_${word}', true) OPERATOR(pg_catalog.=) pg_catalog.current_setting('application_name')
       AND pg_catalog.current_setting('ficus_fence.until_${word}', true) COLLATE pg_catalog."C" OPERATOR(pg_catalog.>)
           (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000)::bigint::pg_catalog.text THEN RETURN NULL; END IF;
    PERFORM ficus_fence.note('${word}', ${quoteLiteral(slice)}, TG_RELID, TG_OP);
    RETURN NULL;
  END IF;
  ${WORDS}
  IF ${mode} 3 THEN
    RAISE EXCEPTION USING ERRCODE = 'FI001', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
      MESSAGE = pg_catalog.format(${quoteLiteral(movedMessage(definition))}, TG_TABLE_SCHEMA, TG_TABLE_NAME),
      HINT = ${quoteLiteral(movedHint(definition))};
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'FI001', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
    MESSAGE = pg_catalog.format(${quoteLiteral(heldMessage(definition))}, TG_TABLE_SCHEMA, TG_TABLE_NAME),
    HINT = ${quoteLiteral(`Try again in a few seconds. What holds it: ficus status ${slice}`)};
END`,
  };
}

/** What follows in a guard is for people; a guard with other words works as well. */
export const WORDS = '-- what a refused writer reads';

/** For format(): a percent sign of a name is doubled. */
const forFormat = (text: string): string => text.replaceAll('%', '%%');

function heldMessage({ slice }: FenceDefinition): string {
  return `writes to table %I.%I are held for a moment: Ficus moves slice ${forFormat(slice)} to another database, or back`;
}

function movedMessage({ slice, side, elsewhere }: FenceDefinition): string {
  const owner = side === 'legacy' ? 'the service that was extracted' : 'the monolith';
  const where = elsewhere === undefined ? '' : `, in ${elsewhere}`;
  return `table %I.%I takes no writes here: slice ${forFormat(slice)} is owned by ${owner}${forFormat(where)}`;
}

/** It stays as it is when the slice is retired, and with it the way back ends: so it names none. */
function movedHint({ slice, side }: FenceDefinition): string {
  return side === 'legacy'
    ? `Write through the service that owns the slice now. Who owns it, and whether there is a way back: ficus status ${slice}`
    : `Write through the monolith, until the slice is cut over: ficus cutover ${slice}. Who owns it: ficus status ${slice}`;
}

/**
 * Compare and set; `was` is the state before. Turns come one after another, under a lock of their own, so that lifting a
 * fence waits for no writer. Only a turn that refuses more than before takes the writers' lock: granted means that they have
 * ended, prepared ones included. Gaps are looked for before it, where they refuse no writer, and again under it. The same
 * turn again is answered as the first one was: its answer may have been lost.
 */
function turnOf({ slice }: FenceDefinition): FenceFunction {
  const { word, state } = nameFence(slice);
  const name = `turn_${word}`;
  return {
    name,
    signature: `${name}(expected bigint, wanted bigint, OUT turned boolean, OUT was bigint, OUT lsn pg_lsn, OUT drained_ms float8)`,
    attributes: 'LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SECURITY DEFINER',
    body: `
DECLARE begun timestamptz := clock_timestamp(); gap text;
BEGIN
  turned := false;
  IF current_setting('transaction_isolation') <> 'read committed' THEN RAISE 'a fence is turned in READ COMMITTED alone'; END IF;
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  PERFORM pg_advisory_xact_lock(@TURNING@);
  was := pg_sequence_last_value('${state}');
  IF was IS NULL OR was NOT IN (expected, wanted) THEN RETURN; END IF;
  FOR pass IN 1..CASE WHEN wanted & 7 IN (2, 3) THEN 2 ELSE 0 END LOOP
    IF pass = 2 AND (was & 7 IN (0, 1) OR was >> 3 <> wanted >> 3) THEN PERFORM pg_advisory_xact_lock(@KEY@); END IF;
    SELECT string_agg(format('%s %s', g.name, g.why), '; ') INTO gap FROM ficus_fence.gaps('${word}') AS g;
    IF gap IS NOT NULL THEN RAISE EXCEPTION USING ERRCODE = 'FI002', MESSAGE = 'the fence has gaps: ' || gap; END IF;
  END LOOP;
  drained_ms := extract(epoch FROM clock_timestamp() - begun) * 1000;
  IF was <> wanted THEN PERFORM setval('${state}', wanted); END IF;
  lsn := pg_logical_emit_message(true, 'ficus.fence', wanted::text);
  turned := true;
END`,
  };
}

/** Between armed and observe, unless the fence is being turned. Answers with the state afterwards. */
function observeOf({ slice }: FenceDefinition): FenceFunction {
  const { word, state } = nameFence(slice);
  const name = `observe_${word}`;
  return {
    name,
    signature: `${name}(wanted boolean)`,
    attributes: 'RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SECURITY DEFINER',
    body: `
DECLARE v bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(@TURNING@) THEN RETURN pg_sequence_last_value('${state}'); END IF;
  v := pg_sequence_last_value('${state}');
  IF v & 7 IN (0, 1) THEN v := setval('${state}', (v >> 3 << 3) + wanted::int); END IF;
  RETURN v;
END`,
  };
}

/** A role that turns the fence, and reads notes and gaps, without owning it. */
export function operatorGrants(slice: string, role: string): string {
  const { word } = nameFence(slice);
  const to = quoteIdentifier(role);
  return `GRANT USAGE ON SCHEMA ficus_fence TO ${to}; GRANT SELECT ON ficus_fence.seen, ficus_fence.missed TO ${to};
  GRANT EXECUTE ON FUNCTION ficus_fence.config_${word}, ficus_fence.turn_${word}, ficus_fence.observe_${word},
    ficus_fence.members, ficus_fence.gaps, ficus_fence.forget TO ${to};`;
}
