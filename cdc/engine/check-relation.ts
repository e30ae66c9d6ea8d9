/**
 * A table of the stream is not as it was when the mapping was compiled. Each time it takes a form, the mapping is compiled
 * again; a form that then still differs is an older one, from before the table was altered, and goes through. Not so where
 * the stream comes upon the same form further on: that may be a new one, of a table that was altered back.
 */
import { describeRelation, type Relation } from '../decode/change-visitor.ts';
import { RestartSession } from './classify-failure.ts';
import type { PreparedStream } from './prepare-stream.ts';

/** @throws RestartSession when the mapping has to be compiled again */
export function checkRelation(
  relation: Relation,
  commitLsn: bigint,
  sourceForms: PreparedStream['sourceForms'],
  knownForms: Map<string, bigint>,
): void {
  const form = describeRelation(relation);
  if (sourceForms.get(`${relation.schema}.${relation.name}`) === form) return;
  if (commitLsn <= (knownForms.get(form) ?? -1n)) return;
  knownForms.set(form, commitLsn);
  throw new RestartSession('a table of the source was altered');
}
