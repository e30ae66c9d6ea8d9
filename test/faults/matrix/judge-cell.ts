/**
 * Whether a cell kept the promises, judged from the rows of both databases, the journal and what the writers were answered,
 * independently of the code under test. Pure.
 */
import type { FenceState, Side } from '@ficus/core';

/** A row, where it was committed first. */
export interface NativeWrite {
  readonly tag: string;
  readonly side: Side;
  /** `pg_xact_commit_timestamp`, in microseconds: all servers read one machine's clock. */
  readonly atUs: number;
}

/** A change of owner in the journal. */
export interface OwnerChange {
  readonly to: Side;
  readonly atUs: number;
}

/**
 * Writes that were committed on a side that the journal does not name as the owner of that moment: two owners.
 * @param changes oldest first
 */
export function findForeignWrites(
  writes: readonly NativeWrite[],
  changes: readonly OwnerChange[],
): readonly string[] {
  const ownerAt = (atUs: number): Side => changes.findLast((change) => change.atUs <= atUs)?.to ?? 'legacy';
  return writes
    .filter(({ side, atUs }) => side !== ownerAt(atUs))
    .map(({ tag, side }) => `${tag} on ${side}`);
}

/** Sides that lack an acknowledged write. */
export function findLost(
  acknowledged: readonly string[],
  tags: Readonly<Record<Side, ReadonlySet<string>>>,
): readonly string[] {
  return (['legacy', 'candidate'] as const).flatMap((side) =>
    acknowledged.filter((tag) => !tags[side].has(tag)).map((tag) => `${tag} is not on ${side}`),
  );
}

/** Writes that were refused as sent nowhere, and have a row: a client that repeats them writes twice. */
export function findRefusedButWritten(
  refused: readonly string[],
  tags: Readonly<Record<Side, ReadonlySet<string>>>,
): readonly string[] {
  return refused.filter((tag) => tags.legacy.has(tag) || tags.candidate.has(tag));
}

/** Undefined when the fences are as owner and epoch ask for. */
export function describeFences(
  owner: Side,
  epoch: number,
  fences: Readonly<Record<Side, FenceState | undefined>>,
): string | undefined {
  const other: Side = owner === 'legacy' ? 'candidate' : 'legacy';
  const lets = fences[owner]?.mode === 'armed' || fences[owner]?.mode === 'observe';
  const shut = fences[other]?.mode === 'moved' && fences[other].epoch === epoch;
  if (lets && shut) return undefined;
  const show = (side: Side) =>
    `${side} ${fences[side]?.mode ?? 'none'} of epoch ${fences[side]?.epoch ?? '–'}`;
  return `${owner} owns epoch ${epoch}, and the fences are ${show('legacy')}, ${show('candidate')}`;
}
