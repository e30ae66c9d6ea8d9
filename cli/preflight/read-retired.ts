/**
 * Slices that are retired, by the control database: their streams have ended, and the candidate's rows are the only ones. What
 * a first copy would need does not concern them, and advice for one (empty the table) would destroy what users have written.
 */
import { loadRemoval } from '@ficus/control';
import type { FicusConfig } from '@ficus/core';

/** None while the control database cannot be read: its own check says so. */
export async function readRetired({ control }: FicusConfig): Promise<readonly string[]> {
  if (!control?.database) return [];
  const { openControlRecords } = await loadRemoval();
  const records = await openControlRecords(control.database, false).catch(() => undefined);
  await records?.close();
  return records?.retired ?? [];
}
