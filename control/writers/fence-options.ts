/** Which fence a slice has on a side. Writers and the coordinator of cutovers open the same two. */
import type { FenceOptions } from '@ficus/cdc';
import { type FicusConfig, otherSide, readDatabaseUrl, type Side } from '@ficus/core';
import { describeDatabase } from '../store/describe-database.ts';

/** Undefined for a slice without tables. */
export function fenceOptionsOf(config: FicusConfig, slice: string, side: Side): FenceOptions | undefined {
  const tables = config.slices[slice]?.tables ?? [];
  const url = urlOf(config, slice, side);
  const elsewhere = urlOf(config, slice, otherSide(side));
  if (tables.length === 0 || url === undefined) return undefined;
  return {
    ...{ slice, side, url },
    tables: [...new Set(tables.map(({ from, to }) => (side === 'legacy' ? from : to)))],
    // The stream writes on each side with the role of that side's URL.
    applierRole: readDatabaseUrl(url).user,
    elsewhere: elsewhere && `the database ${describeDatabase(elsewhere)}`,
  };
}

function urlOf({ legacy, slices }: FicusConfig, slice: string, side: Side): string | undefined {
  return side === 'legacy' ? legacy.database : slices[slice]?.candidate.database;
}
