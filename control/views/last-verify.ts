/** The running verify of a slice, or the last one, also of an earlier run of the control plane. */
import type { VerifyView } from '@ficus/contract';
import { nameSliceIn } from '@ficus/core';
import type { KnownVerify } from '../cutover/arm/arm-context.ts';
import type { ParityService } from '../parity/parity-service.ts';
import type { VerifyRun, VerifyRuns } from '../replications/verify-runs.ts';
import type { EvidenceStore, StoredVerify } from '../store/evidence-store.ts';
import { buildVerifyView } from './build-verify-view.ts';

interface VerifyParts {
  readonly verifyRuns: VerifyRuns;
  readonly evidence: Pick<EvidenceStore, 'verify'>;
  readonly parity: ParityService;
}

export function lastVerify(
  { verifyRuns, evidence, parity }: VerifyParts,
  slice: string,
): VerifyView | undefined {
  const current = parity.versions(slice).current || null;
  const run = verifyRuns.last(slice);
  const known = run?.state === 'running' ? withVersion(run) : evidence.verify(slice);
  if (!known) return undefined;
  const problem = known.problem && nameSliceIn(known.problem, slice);
  return { ...known, problem, ofEarlierVersion: isAnother(known.version, current) };
}

/** A run with the version that the candidate had at its start. */
export function withVersion(run: VerifyRun): StoredVerify {
  return { ...buildVerifyView(run), version: run.version || null };
}

/** What a cutover asks of it. */
export function knownVerify(run: VerifyView | undefined): KnownVerify | undefined {
  if (!run || run.state === 'running') return undefined;
  return { mode: run.mode, verdict: run.verdict, startedAtMs: Date.parse(run.startedAt) };
}

/** A version that becomes known is no new one: a verify before the first copy has none. */
const isAnother = (then: string | null, now: string | null): boolean =>
  then !== null && now !== null && then !== now;
