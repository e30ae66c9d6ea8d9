/**
 * The SQL that removes a fence. Each statement can be run again, and refuses to take away a fence that holds, or the one
 * that keeps the monolith from writing to rows that the service owns: without it there would be two owners.
 */
import { dollarQuote, quoteIdentifier, quoteLiteral, quoteQualified } from '../catalog/quote.ts';
import { SHARED_FUNCTIONS, SHARED_OBJECTS } from './base-sql.ts';
import { nameFence } from './fence-names.ts';
import { INSTALL_LOCK } from './tree-sql.ts';

/** Of one table: a lock on it alone, for a moment. */
export function disarmSql(slice: string, schema: string, table: string): string {
  const { word } = nameFence(slice);
  const rel = quoteLiteral(quoteQualified(schema, table));
  return guarded(slice, `PERFORM ficus_fence.disarm('${word}', to_regclass(${rel}));`);
}

/** Everything but the triggers, which are gone by then; the schema with the last slice's. */
export function dropFenceSql(slice: string): string {
  const names = nameFence(slice);
  const shared = SHARED_FUNCTIONS.map(({ name }) => `ficus_fence.${quoteIdentifier(name)}`);
  return guarded(
    slice,
    `IF EXISTS (SELECT FROM pg_trigger WHERE tgfoid = to_regproc('${names.guard}') AND NOT tgisinternal) THEN
    RAISE 'tables still have triggers of the fence of slice %', ${quoteLiteral(slice)};
  END IF;
  DROP FUNCTION IF EXISTS ${names.guard}, ${names.turn}, ${names.observe}, ${names.config};
  DROP SEQUENCE IF EXISTS ${names.state};
  IF EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'ficus_fence'::regnamespace AND proname LIKE 'guard\\_%') THEN
    DELETE FROM ficus_fence.seen WHERE slice = ${quoteLiteral(slice)};
    RETURN;
  END IF;
  DROP FUNCTION IF EXISTS ${shared.join(', ')};
  ${SHARED_OBJECTS.map((object) => `DROP ${object};`).join(' ')}
  DROP SCHEMA ficus_fence;`,
  );
}

function guarded(slice: string, statements: string): string {
  const { config, state } = nameFence(slice);
  return `DO ${dollarQuote(`
DECLARE side text; mode bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(${INSTALL_LOCK});
  IF to_regproc('${config}') IS NULL THEN RETURN; END IF;
  EXECUTE 'SELECT ${config}() ->> ''side'', pg_sequence_last_value(''${state}'') & 7' INTO side, mode;
  IF mode = 2 OR (mode = 3 AND side = 'legacy') THEN
    RAISE 'the fence of slice % keeps writers out: it stays', ${quoteLiteral(slice)};
  END IF;
  ${statements}
END `)};`;
}

/** For a person who knows that the rows behind it are not needed any more. */
export function liftFenceSql(slice: string): string {
  const { state } = nameFence(slice);
  return `SELECT setval('${state}', pg_sequence_last_value('${state}') >> 3 << 3);`;
}
