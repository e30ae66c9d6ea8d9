/**
 * The row alias `s` of a plan as SQL: `text[]` parameters, one for each input column, each value cast to the type that
 * the plan's expressions expect.
 */
import { quoteIdentifier } from '../catalog/quote.ts';
import type { InputColumn } from '../mapping/table-plan.ts';

/**
 * `(SELECT i.a::bigint AS a, … FROM (SELECT unnest($1::text[]) AS a, …) AS i) AS s`; parameters count from `first`. In
 * the select list the arrays are unnested in lockstep; in FROM each would go through a tuplestore first.
 */
export function inputRows(columns: readonly InputColumn[], first = 1): string {
  const arrays = columns.map(
    (column, place) => `unnest($${first + place}::text[]) AS ${quoteIdentifier(column.name)}`,
  );
  return `(${selectInputs(columns)} FROM (SELECT ${arrays.join(', ')}) AS i) AS s`;
}

/** `SELECT i.a::bigint AS a, …` over rows of text under the alias `i`. */
function selectInputs(columns: readonly InputColumn[]): string {
  const values = columns.map((column) => {
    const name = quoteIdentifier(column.name);
    return column.type === 'text' ? `i.${name}` : `CAST(i.${name} AS ${column.type}) AS ${name}`;
  });
  return `SELECT ${values.join(', ')}`;
}
