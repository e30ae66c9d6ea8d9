/**
 * A value's text as the change stream sends it: the result of the type's output function. A cast to text gives the same
 * for most types but differs for a few: `true` instead of t, an address with its mask, a padded char without its
 * blanks. Code that compares texts with those of the stream, or mixes them with it, must not cast.
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

/** SQL for the text of a column. @param type as in the plan's input; the database's own types are `text` there */
export function outputText(reference: string, type: string): string {
  if (CAST_AS_SENT.has(type)) return `${reference}::text`;
  // concat() calls the output function but turns NULL into an empty text; IS NULL would also match a row of NULLs.
  return `CASE num_nulls(${reference}) WHEN 0 THEN concat(${reference}) END`;
}
