/**
 * Handles a table of the stream whose shape differs from the compiled mapping. Each new shape compiles the mapping
 * again; a shape that still differs afterwards is an older one, from before the table was altered, and passes. If the
 * stream meets the same shape again further on, the table may have been altered back, so the mapping is compiled once
 * more.
 */
import { describeRelation, type Relation } from '../decode/change-visitor.ts';
import { RestartSession } from './classify-failure.ts';
import type { PreparedStream } from './prepare-stream.ts';

/** @throws RestartSession when the mapping has to be compiled again */
export function checkRelation(
  relation: Relation,
  commitLsn: bigint,
  sourceShapes: PreparedStream['sourceShapes'],
  knownShapes: Map<string, bigint>,
): void {
  const shape = describeRelation(relation);
  if (sourceShapes.get(`${relation.schema}.${relation.name}`) === shape) return;
  if (commitLsn <= (knownShapes.get(shape) ?? -1n)) return;
  knownShapes.set(shape, commitLsn);
  throw new RestartSession('a table of the source was altered');
}
