/** A run of verify for a slice: from the side that owns it to the other, by the stream between them. */
import type { FicusConfig, Side } from '@ficus/core';
import type { ReplicationPort } from './replication-set.ts';
import type { RunMode, VerifyRequest } from './verify-runs.ts';

export interface VerifySubject {
  readonly config: FicusConfig;
  readonly owner: Side;
  /** The stream that carries the owner's changes. */
  readonly replication: ReplicationPort | undefined;
  /** Of the candidate, empty while it is not known. */
  readonly version: string;
}

/** Undefined for a slice without tables. */
export function verifyRequest(
  slice: string,
  { config, owner, replication, version }: VerifySubject,
  mode: RunMode,
  resume: boolean,
): VerifyRequest | undefined {
  const known = Object.hasOwn(config.slices, slice) ? config.slices[slice] : undefined;
  const [legacy, candidate] = [config.legacy.database, known?.candidate.database];
  if (!known || known.tables.length === 0 || !legacy || !candidate) return undefined;
  const [sourceUrl, targetUrl] = owner === 'legacy' ? [legacy, candidate] : [candidate, legacy];
  const direction = owner === 'legacy' ? 'forward' : 'reverse';
  return { slice, version, tables: known.tables, direction, sourceUrl, targetUrl, replication, mode, resume };
}
