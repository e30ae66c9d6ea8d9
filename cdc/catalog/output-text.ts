/**
 * A value's text as the change stream sends it: what the type's output function says. A cast to text says the same for
 * most types, and something else for a few: `true` for t, an address with its mask, a padded char without its blanks.
 * A caller that compares texts with those of the stream, or hands them on beside it, must not cast.
 */

/** Types whose cast to text is known to be their output. */
const CAST_AS_SENT = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double precision',
  'uuid',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'character varying',
  'bytea',
  'json',
  'jsonb',
]);

/** SQL for the text of a column. @param type as the plan's input names it; an own type of the database is `text` there */
export function outputText(reference: string, type: string): string {
  if (CAST_AS_SENT.has(type)) return `${reference}::text`;
  // concat() calls the output function, and makes NULL an empty text; IS NULL would also be true of a row of NULLs.
  return `CASE num_nulls(${reference}) WHEN 0 THEN concat(${reference}) END`;
}
