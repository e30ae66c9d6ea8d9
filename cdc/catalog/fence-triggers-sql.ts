/**
 * The triggers of Ficus's own fence (cdc/fence/). What they do concerns writers alone: a stream passes them, so they are no reason to apply
 * rows one by one, nor a change of the table. All that reads triggers leaves them out.
 */
export const FENCE_SCHEMA = 'ficus_fence';

/** A condition of SQL on pg_trigger’s `tgfoid`. */
export const NOT_OF_FENCE = `tgfoid NOT IN (SELECT p.oid FROM pg_proc p WHERE p.pronamespace = to_regnamespace('${FENCE_SCHEMA}'))`;
