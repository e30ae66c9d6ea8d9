/** Every acknowledged write, looked up where it has to be. */
import { lastingWrites } from '../audit/lasting-writes.ts';
import { isReplaceable } from '../load/write-keys.ts';
import type { WriteRecord } from '../load/write-record.ts';
import type { LookUp } from './demo-figures.ts';
import type { DemoRun } from './demo-run.ts';
import { type AuditedDatabase, auditDatabase } from './find-writes.ts';

export interface LookUps {
  readonly onLegacy: LookUp;
  readonly onCandidate: LookUp;
}

/** Enough to look for them by hand. */
const SHOWN = 5;

/** @param onLegacy of a slice that was retired: its rows in the monolith no longer follow, and were looked up before */
export async function lookUpEverywhere(
  writes: readonly WriteRecord[],
  run: DemoRun,
  onLegacy?: LookUp,
): Promise<LookUps> {
  const lasting = lastingWrites(writes);
  return {
    onLegacy: onLegacy ?? (await lookUp('shop', lasting, run)),
    onCandidate: await lookUp('notifications', lasting, run),
  };
}

/** While users write: what their next write may have replaced already is left out. */
export function lookUpOnLegacy(writes: readonly WriteRecord[], run: DemoRun): Promise<LookUp> {
  const kept = lastingWrites(writes).filter(({ key }) => !isReplaceable(key));
  return lookUp('shop', kept, run);
}

async function lookUp(
  database: AuditedDatabase,
  writes: readonly WriteRecord[],
  { databases, signal }: DemoRun,
): Promise<LookUp> {
  const { missing, duplicates } = await auditDatabase(database, databases[database], writes, signal);
  return {
    lookedUp: writes.length,
    missing: missing.length,
    twice: duplicates.length,
    missingKeys: missing.slice(0, SHOWN),
  };
}
