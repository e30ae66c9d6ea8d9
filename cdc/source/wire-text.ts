/** The few messages of PostgreSQL's protocol that are read as text. */

/** Fields of an ErrorResponse body: `C` SQLSTATE, `M` message. */
export function readErrorFields(body: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of body.toString('utf8').split('\0')) if (field) fields.set(field[0]!, field.slice(1));
  return fields;
}

/** Rows of a CommandComplete body, `COPY 5`; 0 for commands without. */
export function parseCommandTag(body: Buffer): number {
  return Number(/ (\d+)\0?$/.exec(body.toString('latin1'))?.[1] ?? 0);
}
