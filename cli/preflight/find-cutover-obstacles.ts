/**
 * What a cutover of writes would meet, for each slice with tables. It makes no check fail: teams that move reads alone need
 * none of it.
 */
import type { Finding } from '@ficus/cdc';
import type { FicusConfig } from '@ficus/core';
import { nameFinding } from './name-finding.ts';
import { readRetired } from './read-retired.ts';

export interface SliceObstacles {
  readonly slice: string;
  /** Errors would let `ficus cutover` refuse; warnings are to be read before. */
  readonly findings: readonly Finding[];
}

/** @param known findings of the check itself: what it has said is not repeated */
export async function findCutoverObstacles(
  config: FicusConfig,
  known: readonly Finding[],
): Promise<SliceObstacles[]> {
  const { findArmObstacles } = await import('@ficus/cdc');
  const said = new Set(known.map(keyOf));
  const retired = await readRetired(config);
  const obstacles: SliceObstacles[] = [];
  for (const [slice, { tables, candidate }] of Object.entries(config.slices)) {
    const [legacyUrl, candidateUrl] = [config.legacy.database, candidate.database];
    if (retired.includes(slice) || tables.length === 0 || !legacyUrl || !candidateUrl) continue;
    const found = await findArmObstacles({ slice, operation: 'cutover', tables, legacyUrl, candidateUrl });
    const findings = found.map(nameFinding).filter((finding) => !said.has(keyOf(finding)));
    if (findings.length > 0) obstacles.push({ slice, findings });
  }
  return obstacles;
}

const keyOf = ({ code, message }: Finding): string => `${code} ${message}`;
