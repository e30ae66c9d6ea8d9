/** A mapping that records the texts that it receives. */
import type { TextRow } from '../../../../cdc/mapping/mapping-module.ts';

export function forward({ id, ...rest }: TextRow): TextRow {
  return { id: id ?? null, texts: JSON.stringify(rest) };
}
