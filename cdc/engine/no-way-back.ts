/** What is said of tables whose mapping cannot be reversed. */
import { FicusError, formatPath } from '@ficus/core';
import type { ReversedMapping } from '../mapping/reverse-mapping.ts';

/** For a slice none of whose tables has a way back. */
export function noWayBack(irreversible: ReversedMapping['irreversible']): FicusError {
  const tables = irreversible.map(({ path, reasons }) => `${formatPath(path)}: ${reasons.join('; ')}`);
  return new FicusError('FICUS_CDC_NO_WAY_BACK', tables.join('. ') || 'The slice has no tables.');
}
