/** Where the two sides of a slice are, by the config. */
import { type FicusConfig, FicusError, type Side, type TableConfig } from '@ficus/core';

export interface SliceSides {
  readonly slice: string;
  readonly tables: readonly TableConfig[];
  readonly legacyUrl: string;
  readonly candidateUrl: string;
}

/** @throws FicusError FICUS_SLICE_UNKNOWN, FICUS_CONTROL_NO_TABLES */
export function sidesOf(config: FicusConfig, slice: string): SliceSides {
  const known = Object.hasOwn(config.slices, slice) ? config.slices[slice] : undefined;
  if (!known) throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${slice}” in the config.`);
  const [legacyUrl, candidateUrl] = [config.legacy.database, known.candidate.database];
  if (known.tables.length === 0 || !legacyUrl || !candidateUrl)
    throw new FicusError(
      'FICUS_CONTROL_NO_TABLES',
      `The slice ${slice} has no tables: its writes move with the serve flag.`,
    );
  return { slice, tables: known.tables, legacyUrl, candidateUrl };
}

export const urlOf = ({ legacyUrl, candidateUrl }: SliceSides, side: Side): string =>
  side === 'legacy' ? legacyUrl : candidateUrl;
